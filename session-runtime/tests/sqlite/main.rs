//! What is special about the SQLite store; `conformance.rs` checks the rules of every store.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod wal;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use session_runtime::patch::{ExpiryOp, FieldOp, Patch};
use session_runtime::record::{Fields, Lifetime, Principal, Record};
use session_runtime::store::{Created, Loaded, SqliteStore, Store, Updated};
use session_runtime::testing::ManualClock;
use session_runtime::{Clock, StoreKey, SystemClock};

/// A directory that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("session-sqlite-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn database(&self) -> PathBuf {
        self.0.join("sessions.db")
    }

    fn wal(&self) -> u64 {
        std::fs::metadata(self.0.join("sessions.db-wal")).map_or(0, |wal| wal.len())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(number: u64) -> StoreKey {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    StoreKey::from_bytes(bytes)
}

fn record(clock: &impl Clock, text: &str) -> Record {
    let now = clock.now();
    let hour = Duration::from_secs(3_600);
    Record {
        fields: Fields::from_iter([("text", text), ("n", "0")]),
        created_at: now,
        expires_at: now + hour,
        deadline: now + hour * 24,
        lifetime: Lifetime { idle: hour, persistent: false },
        principal: Some(Principal::new("user_id", "7")),
    }
}

fn add_one() -> Patch {
    let add = FieldOp::Add { delta: 1, min: 0, max: i64::MAX, start: 0 };
    Patch { fields: vec![("n".into(), add)], ..Patch::empty() }
}

async fn create(store: &SqliteStore, number: u64) {
    let created = store.create(&key(number), &record(&SystemClock, "1")).await.unwrap();
    assert_eq!(created, Created::Created);
}

async fn count(store: &SqliteStore, number: u64) -> String {
    match store.load(&key(number)).await.unwrap() {
        Loaded::Live(record) => record.fields.get("n").unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn refusal(path: impl AsRef<Path>, table: &str) -> String {
    SqliteStore::builder(path).table(table).open().unwrap_err().to_string()
}

#[tokio::test]
async fn sessions_are_there_after_reopening() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.database()).unwrap();
    create(&store, 1).await;
    let (one, two) = (store.clone(), store.clone());
    // The drop of the last handle waits for writes whose futures were dropped.
    drop(tokio::spawn(async move { one.update(&key(1), &add_one()).await }).await);
    let (one_key, patch) = (key(1), add_one());
    let pending = two.update(&one_key, &patch);
    {
        let mut pending = std::pin::pin!(pending);
        let poll = std::future::poll_fn(|cx| {
            std::task::Poll::Ready(pending.as_mut().poll(cx).is_pending())
        });
        assert!(poll.await);
    }
    drop((store, two));
    assert!(!scratch.0.join("sessions.db-wal").exists(), "the file was not closed");

    let store = SqliteStore::open(scratch.database()).unwrap();
    assert_eq!(count(&store, 1).await, "2");
    store.delete(&key(1)).await.unwrap();
    drop(store);
    let store = SqliteStore::open(scratch.database()).unwrap();
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_share_a_file() {
    let scratch = Scratch::new();
    let stores = [(); 2].map(|()| SqliteStore::open(scratch.database()).unwrap());
    create(&stores[0], 1).await;
    let tasks: Vec<_> = (0..20)
        .map(|task| {
            let store = stores[task % 2].clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let updated = store.update(&key(1), &add_one()).await.unwrap();
                    assert_eq!(updated, Updated::Applied);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count(&stores[1], 1).await, "400");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_another_process_is_waited_for_and_reads_go_on() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.database()).unwrap();
    create(&store, 1).await;
    let other = Connection::open(scratch.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM sessions").unwrap();
    let writing = tokio::spawn({
        let store = store.clone();
        async move { store.update(&key(1), &add_one()).await.unwrap() }
    });
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(300) {
        assert_eq!(count(&store, 1).await, "0");
    }
    assert!(!writing.is_finished());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(writing.await.unwrap(), Updated::Applied);
    assert_eq!(count(&store, 1).await, "1");
}

#[tokio::test]
async fn other_tables_are_left_alone() {
    let scratch = Scratch::new();
    let other = Connection::open(scratch.database()).unwrap();
    other.execute_batch("CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (7)").unwrap();
    let store = SqliteStore::open(scratch.database()).unwrap();
    let second = SqliteStore::builder(scratch.database()).table("Visitors_2").open().unwrap();
    create(&store, 1).await;
    assert_eq!(second.load(&key(1)).await.unwrap(), Loaded::Absent);
    create(&second, 1).await;
    store.delete(&key(1)).await.unwrap();
    assert_eq!(count(&second, 1).await, "0");
    drop((store, second));
    let users: i64 = other.query_row("SELECT id FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(users, 7);
}

#[tokio::test]
async fn mistakes_are_named() {
    let scratch = Scratch::new();
    let other = Connection::open(scratch.database()).unwrap();
    other
        .execute_batch(
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, data BLOB);
            CREATE TABLE almost (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL,
                principal_key TEXT, principal_value TEXT, record TEXT)",
        )
        .unwrap();
    let message = refusal(scratch.database(), "sessions");
    assert!(message.contains("`sessions`") && message.contains("`id, data`"), "{message}");
    assert!(refusal(scratch.database(), "almost").contains("or other types"));
    let indexes =
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'almost_%' AND type = 'index'";
    assert_eq!(other.query_row(indexes, [], |row| row.get::<_, i64>(0)).unwrap(), 0);

    for table in ["", "1a", "a b", "a\"b", "ünï", "sqlite_x", "SQLite_x", "a;b", &"a".repeat(65)]
    {
        assert!(refusal(scratch.database(), table).contains("table name"), "{table}");
    }
    assert!(refusal(":memory:", "sessions").contains("`MemoryStore`"));
    assert!(refusal("", "sessions").contains("`MemoryStore`"));
    assert!(refusal("file:x?mode=memory", "sessions").contains("URI"));
    let missing = scratch.0.join("no such directory/sessions.db");
    assert!(refusal(&missing, "sessions").contains("no such directory"));
    let text = scratch.0.join("text");
    std::fs::write(&text, "no database, but long enough to be taken for one: ".repeat(50)).unwrap();
    assert!(refusal(&text, "sessions").contains("cannot be used"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn waiting_writes_share_a_transaction() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.database()).unwrap();
    for number in 0..100 {
        create(&store, number).await;
    }
    // All writes wait for the lock, so they form one group with one commit. A page that all of them
    // change is in the WAL once.
    let other = Connection::open(scratch.database()).unwrap();
    other.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); BEGIN IMMEDIATE").unwrap();
    let tasks: Vec<_> = (0..1_000)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.update(&key(number % 100), &add_one()).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    other.execute_batch("COMMIT").unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Updated::Applied);
    }
    assert_eq!(count(&store, 42).await, "10");
    let pages = scratch.wal() / 4_096;
    assert!(pages < 100, "{pages} pages for 1000 writes of 100 rows");
}

#[tokio::test]
async fn expiry_goes_by_the_clock_and_a_sweep_works_in_batches() {
    let scratch = Scratch::new();
    let clock = ManualClock::default();
    let store = SqliteStore::builder(scratch.database())
        .clock(clock.clone())
        .tombstone_time(Duration::from_secs(10))
        .open()
        .unwrap();
    for number in 0..50 {
        let created = store.create(&key(number), &record(&clock, "1")).await.unwrap();
        assert_eq!(created, Created::Created);
    }
    let until = clock.now() + Duration::from_secs(7_200);
    let touch = Patch { expiry: ExpiryOp::Extend(until), ..Patch::empty() };
    assert_eq!(store.update(&key(0), &touch).await.unwrap(), Updated::Applied);
    store.delete(&key(1)).await.unwrap();
    clock.advance(Duration::from_millis(9_999));
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Gone);
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Absent);
    clock.advance(Duration::from_millis(3_589_999));
    assert!(matches!(store.load(&key(2)).await.unwrap(), Loaded::Live(_)));
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.load(&key(2)).await.unwrap(), Loaded::Absent);
    assert_eq!(store.list(&Principal::new("user_id", "7")).await.unwrap().len(), 1);
    assert_eq!(store.sweep(20).await.unwrap(), 20);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 29);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
    assert!(matches!(store.load(&key(0)).await.unwrap(), Loaded::Live(_)));
}

#[tokio::test]
async fn a_row_that_is_no_record_is_an_error_of_its_own() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.database()).unwrap();
    create(&store, 1).await;
    create(&store, 2).await;
    let other = Connection::open(scratch.database()).unwrap();
    other
        .execute("UPDATE sessions SET record = '{\"half' WHERE key = ?1", [key(1).as_bytes()])
        .unwrap();
    assert!(store.load(&key(1)).await.is_err());
    let (one, two, patch) = (key(1), key(2), add_one());
    let (broken, fine) = tokio::join!(store.update(&one, &patch), store.update(&two, &patch));
    assert!(broken.is_err());
    assert_eq!(fine.unwrap(), Updated::Applied);
    store.delete(&key(1)).await.unwrap();
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Gone);
}

/// The child process of the next test: it writes, and prints each write that was acknowledged.
#[test]
#[ignore = "run by `acknowledged_writes_survive_a_kill`"]
fn child_that_writes_until_it_is_killed() {
    use std::io::Write;

    let Some(path) = std::env::var_os("SESSION_TEST_DATABASE") else { return };
    let store = SqliteStore::open(path).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        create(&store, 1).await;
        for number in 1_u64.. {
            assert_eq!(store.update(&key(1), &add_one()).await.unwrap(), Updated::Applied);
            println!("written {number}");
            std::io::stdout().flush().unwrap();
        }
    });
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    use std::io::BufRead;

    let scratch = Scratch::new();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "child_that_writes_until_it_is_killed"])
        .env("SESSION_TEST_DATABASE", scratch.database())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = 0_u64;
    // Lines that were printed before the signal arrived count, too.
    for line in std::io::BufReader::new(child.stdout.take().unwrap()).lines() {
        let number = line.unwrap().split_once("written ").map(|(_, number)| number.to_owned());
        let Some(number) = number.and_then(|number| number.parse().ok()) else { continue };
        told = number;
        if told == 200 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let store = SqliteStore::open(scratch.database()).unwrap();
    let kept: u64 = count(&store, 1).await.parse().unwrap();
    // The last write may have been committed but not acknowledged.
    assert!(told >= 200 && (kept == told || kept == told + 1), "told of {told}, kept {kept}");
}

#[test]
fn debug_shows_no_values() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.database()).unwrap();
    assert_eq!(format!("{store:?}"), "SqliteStore { .. }");
}
