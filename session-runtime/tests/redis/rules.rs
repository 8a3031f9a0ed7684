//! The conformance suite, over every way to reach a server.

use session_runtime::conformance;
use session_runtime::store::RedisStore;

use crate::site;

async fn keeps_the_rules(store: RedisStore) {
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    // The server ends sessions, so there is nothing to sweep.
    let skipped = report.skipped();
    assert!(skipped.len() == 3 && skipped.iter().all(|it| it.starts_with("sweep_")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_url() {
    let Some(url) = site::url() else { return };
    keeps_the_rules(RedisStore::open(url).unwrap()).await;
}

#[tokio::test]
async fn by_a_client_on_one_thread() {
    let Some(url) = site::url() else { return };
    let client = redis::Client::open(url).unwrap();
    keeps_the_rules(RedisStore::builder_with_client(client).prefix("").build().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_a_connection() {
    let Some(url) = site::url() else { return };
    let client = redis::Client::open(url).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    keeps_the_rules(RedisStore::builder_with_connection(connection).build().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_a_connection_per_rule() {
    let Some(url) = site::url() else { return };
    conformance::run(|| async { RedisStore::open(&*url).unwrap() }).await.unwrap();
}
