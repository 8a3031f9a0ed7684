#![allow(missing_docs)]
use session_runtime::conformance;
use session_runtime::store::MongoStore;
use test_servers::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_rules_of_a_store() {
    let Some(url) = test_servers::url(Kind::MongoDb) else { return };
    let store = MongoStore::connect(&url).await.unwrap();
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
}
