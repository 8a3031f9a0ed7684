//! Running the command, and stores with sessions in them.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use session_runtime::record::{Fields, Lifetime, Principal, Record};
use session_runtime::store::{AnyStore, Created, Store, connect};
use session_runtime::{StoreKey, Timestamp};
use tempfile::TempDir;
use test_servers::Kind;

/// How the command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The command, on a store, without what the environment says.
pub(crate) fn command(store: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-admin"));
    for variable in ["SESSION_STORE_TO", "SESSION_KEYS"] {
        command.env_remove(variable);
    }
    command.env("SESSION_STORE", store).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(store: &str, args: &[&str]) -> Ran {
    run_with(&mut command(store, args), "")
}

/// Runs it with something on its standard input.
pub(crate) fn run_with(command: &mut Command, input: &str) -> Ran {
    let mut child = command.spawn().unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().expect("it was not killed");
    Ran { code, out: text(output.stdout), err: text(output.stderr) }
}

/// Places for stores that nobody else uses. SQLite's files go with it.
pub(crate) struct Places(TempDir);

impl Places {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn sqlite(&self) -> String {
        format!("sqlite:{}", self.0.path().join(unique()).with_extension("db").display())
    }

    /// On a server; `None` if the person who runs the tests left it out.
    pub(crate) fn on(&self, kind: Kind) -> Option<String> {
        let url = test_servers::url(kind)?;
        let joint = if url.contains('?') { '&' } else { '?' };
        let name = unique();
        let option = match kind {
            Kind::Postgres => format!("migrate=true&table={name}"),
            Kind::MongoDb => format!("collection={name}"),
            _ => format!("prefix={name}:"),
        };
        Some(format!("{url}{joint}{option}"))
    }
}

fn unique() -> String {
    static USED: AtomicUsize = AtomicUsize::new(0);
    let millis = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let used = USED.fetch_add(1, Ordering::Relaxed);
    format!("admin_{}_{millis}_{used}", std::process::id())
}

pub(crate) async fn open(url: &str) -> AnyStore {
    connect(url).await.unwrap()
}

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// A session of the user with this number, whom every third session is of.
pub(crate) fn record(number: u64) -> Record {
    let user = number / 3;
    let fields = [
        ("counter", number.to_string()),
        ("note", format!("\"hunter2 \\u0000 ü {number}\"")),
        ("user_id", user.to_string()),
    ];
    Record {
        fields: Fields::from_iter(fields),
        created_at: now(),
        expires_at: now() + HOUR,
        deadline: now() + HOUR * (2 + number as u32 % 5),
        lifetime: Lifetime { idle: HOUR, persistent: number % 2 == 1 },
        principal: (number % 4 != 3).then(|| Principal::new("user_id", user.to_string())),
    }
}

pub(crate) fn key(number: u64) -> StoreKey {
    let mut bytes = [7; 16];
    // Spread, as real keys are.
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    StoreKey::from_bytes(bytes)
}

pub(crate) async fn create(store: &AnyStore, number: u64) -> StoreKey {
    let key = key(number);
    assert_eq!(store.create(&key, &record(number)).await.unwrap(), Created::Created);
    key
}

/// Fills a store with the sessions of these numbers.
pub(crate) async fn fill(store: &AnyStore, numbers: std::ops::Range<u64>) {
    let tasks: Vec<_> = numbers
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { create(&store, number).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// All that is live in a store.
pub(crate) async fn content(store: &AnyStore) -> BTreeMap<StoreKey, Record> {
    let (mut all, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.scan(after.as_ref(), 1_000).await.unwrap();
        all.extend(page.sessions.into_iter().map(|info| (info.key, info.record)));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}
