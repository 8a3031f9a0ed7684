//! The conformance suite on the stores of this crate.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

// The macro that the crate itself uses for stores that pass their calls on.
#[path = "../src/store/methods.rs"]
mod methods;

use std::time::{Duration, SystemTime};

use session_runtime::conformance;
use session_runtime::patch::Patch;
use session_runtime::record::{Lifetime, Principal, Record};
use session_runtime::store::{
    AnyStore, Created, Cursor, Loaded, MemoryStore, MigratingStore, Page, SessionInfo, Store,
    StoreError, Updated,
};
use session_runtime::testing::FaultyStore;
use session_runtime::{StoreKey, Timestamp};

use self::methods::store_methods;

#[tokio::test]
async fn memory_on_one_thread() {
    let report = conformance::run(|| async { MemoryStore::new() }).await.unwrap();
    assert!(report.skipped().is_empty() && report.passed().len() > 60, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_on_several() {
    // One store for all rules, as with a server.
    let shared = AnyStore::new(MemoryStore::new());
    conformance::run(|| async { shared.clone() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    use session_runtime::store::SqliteStore;
    let path = std::env::temp_dir().join(format!("session-conformance-{}.db", std::process::id()));
    let open = || async { SqliteStore::open(&path).unwrap() };
    let report = conformance::run(open).await;
    std::fs::remove_file(&path).unwrap();
    assert!(report.unwrap().skipped().is_empty());
}

/// Two stores. Every session begins in the old one, so that each rule is about a session that has
/// to move, or that was already copied to the new one.
#[derive(Clone)]
struct BeginsInTheOld {
    old: MemoryStore,
    new: MemoryStore,
    both: MigratingStore<MemoryStore, MemoryStore>,
    is_copied: bool,
}

impl BeginsInTheOld {
    fn new(is_copied: bool) -> Self {
        let (old, new) = (MemoryStore::new(), MemoryStore::new());
        Self { both: MigratingStore::new(old.clone(), new.clone()), old, new, is_copied }
    }
}

macro_rules! forward_to_both {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            self.both.$method($($argument),*).await
        }
    };
}

impl Store for BeginsInTheOld {
    store_methods!(forward_to_both: load, update, rename, delete, sweep, list, delete_all, scan);

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        match self.both.load(key).await? {
            Loaded::Absent if self.old.create(key, record).await? == Created::Created => {
                match self.is_copied {
                    true => self.new.create(key, record).await,
                    false => Ok(Created::Created),
                }
            }
            Loaded::Absent => Ok(Created::Exists),
            Loaded::Live(_) | Loaded::Gone => Ok(Created::Exists),
        }
    }
}

/// The number of round trips that the documentation of `MigratingStore` states.
#[tokio::test]
async fn migrating_costs_what_it_says() {
    let old = FaultyStore::new(MemoryStore::new());
    let new = FaultyStore::new(MemoryStore::new());
    let both = MigratingStore::new(old.clone(), new.clone());
    let cost = || old.take_calls().len() + new.take_calls().len();
    let now = Timestamp::from(SystemTime::now());
    let hour = Duration::from_secs(3_600);
    let record = Record {
        fields: [("a", "1")].into_iter().collect(),
        created_at: now,
        expires_at: now + hour,
        deadline: now + hour * 2,
        lifetime: Lifetime { idle: hour, persistent: false },
        principal: None,
    };
    let key = |byte| StoreKey::from_bytes([byte; 16]);
    assert_eq!(old.create(&key(1), &record).await.unwrap(), Created::Created);
    cost();
    assert_eq!(both.load(&key(1)).await.unwrap(), Loaded::Live(record.clone()));
    assert_eq!(cost(), 2, "a read before the move");
    assert_eq!(both.update(&key(1), &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(cost(), 5, "the write that moves");
    assert_eq!(both.load(&key(1)).await.unwrap(), Loaded::Live(record.clone()));
    assert_eq!(both.update(&key(1), &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(cost(), 2, "a read and a write after it");
    assert_eq!(both.create(&key(2), &record).await.unwrap(), Created::Created);
    assert_eq!(cost(), 3, "a new session");
    assert_eq!(both.rename(&key(1), &key(3), &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(cost(), 3, "renewing what has moved");
    both.delete(&key(3)).await.unwrap();
    assert_eq!(cost(), 2, "ending what has moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn migrating() {
    let open = || async { MigratingStore::new(MemoryStore::new(), MemoryStore::new()) };
    let report = conformance::run(open).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
    for is_copied in [false, true] {
        let open = || async { BeginsInTheOld::new(is_copied) };
        let report = conformance::run(open).await.unwrap();
        assert!(report.skipped().is_empty(), "{is_copied} {report}");
    }
}

/// A store with an empty first page, whose cursor is the empty text.
#[derive(Clone)]
struct TwoPages(MemoryStore);

macro_rules! forward {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            self.0.$method($($argument),*).await
        }
    };
}

impl Store for TwoPages {
    store_methods!(forward: load, create, update, rename, delete);

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        match after.map(Cursor::as_str) {
            None => Ok(Page { next: Some(Cursor::new("")), ..Page::default() }),
            Some("") => Ok(Page { next: None, ..self.0.scan(None, limit).await? }),
            Some(other) => panic!("`{other}` is not one of its cursors"),
        }
    }
}

#[tokio::test]
async fn migrating_takes_any_cursor_of_its_stores_and_no_other() {
    let (old, new) = (TwoPages(MemoryStore::new()), TwoPages(MemoryStore::new()));
    let now = Timestamp::from(SystemTime::now());
    let hour = Duration::from_secs(3_600);
    let record = Record {
        fields: [("a", "1")].into_iter().collect(),
        created_at: now,
        expires_at: now + hour,
        deadline: now + hour,
        lifetime: Lifetime { idle: hour, persistent: false },
        principal: None,
    };
    for (store, byte) in [(&old, 1), (&new, 2)] {
        let key = StoreKey::from_bytes([byte; 16]);
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
    }
    // The cursors of two of the stores pass through two `MigratingStore`s.
    let both = MigratingStore::new(MigratingStore::new(old, TwoPages(MemoryStore::new())), new);
    let (mut seen, mut after) = (Vec::new(), None);
    for pages in 0.. {
        assert!(pages < 6, "it begins again");
        let page = both.scan(after.as_ref(), 10).await.unwrap();
        seen.extend(page.sessions.into_iter().map(|info| info.key.as_bytes()[0]));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [1, 2]);
    for foreign in ["", "7", "elsewhere:", "newer:7", ":"] {
        let error = both.scan(Some(&Cursor::new(foreign)), 10).await.unwrap_err();
        assert!(!error.is_unsupported(), "{foreign} {error}");
    }
}
