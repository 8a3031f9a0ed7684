//! The conformance suite on the stores of this crate.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use session_runtime::StoreKey;
use session_runtime::conformance;
use session_runtime::patch::Patch;
use session_runtime::record::{Principal, Record};
use session_runtime::store::{
    AnyStore, Created, Loaded, MemoryStore, MigratingStore, SessionInfo, Store, StoreError, Updated,
};

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

/// Two stores of which every session begins in the old one, so that each rule is about a session that
/// has to move.
#[derive(Clone)]
struct BeginsInTheOld {
    old: MemoryStore,
    both: MigratingStore<MemoryStore, MemoryStore>,
}

impl BeginsInTheOld {
    fn new() -> Self {
        let old = MemoryStore::new();
        Self { both: MigratingStore::new(old.clone(), MemoryStore::new()), old }
    }
}

impl Store for BeginsInTheOld {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.both.load(key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        match self.both.load(key).await? {
            Loaded::Absent => self.old.create(key, record).await,
            Loaded::Live(_) | Loaded::Gone => Ok(Created::Exists),
        }
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.both.update(key, patch).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.both.rename(from, to, patch).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.both.delete(key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.both.sweep(limit).await
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.both.list(principal).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        self.both.delete_all(principal, except).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn migrating() {
    let open = || async { MigratingStore::new(MemoryStore::new(), MemoryStore::new()) };
    conformance::run(open).await.unwrap();
    conformance::run(|| async { BeginsInTheOld::new() }).await.unwrap();
}
