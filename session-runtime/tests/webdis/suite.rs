//! The conformance suite.

use session_runtime::conformance;
use session_runtime::store::WebdisStore;
use test_servers::Kind;

async fn keeps_the_rules(store: WebdisStore) {
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    // The server removes expired sessions, so there is nothing to sweep.
    let skipped = report.skipped();
    assert!(skipped.len() == 3 && skipped.iter().all(|it| it.starts_with("sweep_")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_several_threads() {
    let Some(url) = test_servers::url(Kind::Webdis) else { return };
    keeps_the_rules(WebdisStore::builder(url).prefix("several:").build().unwrap()).await;
}

#[tokio::test]
async fn on_one_thread_and_connection() {
    let Some(url) = test_servers::url(Kind::Webdis) else { return };
    keeps_the_rules(WebdisStore::builder(url).prefix("one:").max_connections(1).build().unwrap())
        .await;
}
