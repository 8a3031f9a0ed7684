//! The conformance suite on the stores of this crate.

use session_runtime::conformance;
use session_runtime::store::{AnyStore, MemoryStore};

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
