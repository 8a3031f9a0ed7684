//! The conformance suite, over every way to reach a cluster.

use redis::cluster::ClusterClientBuilder;
use session_runtime::conformance;
use session_runtime::store::RedisClusterStore;

use crate::site;

async fn keeps_the_rules(store: RedisClusterStore) {
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    // The servers end sessions, so there is nothing to sweep.
    let skipped = report.skipped();
    assert!(skipped.len() == 3 && skipped.iter().all(|it| it.starts_with("sweep_")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_url() {
    let Some(url) = site::url() else { return };
    keeps_the_rules(RedisClusterStore::open(url).unwrap()).await;
}

#[tokio::test]
async fn by_a_client_on_one_thread() {
    let Some(url) = site::url() else { return };
    let client = ClusterClientBuilder::new(site::nodes(&url));
    let store = RedisClusterStore::builder_with_client(client).prefix("").build().unwrap();
    keeps_the_rules(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_a_connection() {
    let Some(url) = site::url() else { return };
    let client = ClusterClientBuilder::new(site::nodes(&url)).retries(0).build().unwrap();
    let connection = client.get_async_connection().await.unwrap();
    keeps_the_rules(RedisClusterStore::builder_with_connection(connection).build().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_replicas_to_wait_for() {
    let Some(url) = site::url() else { return };
    let second = std::time::Duration::from_secs(1);
    let store = RedisClusterStore::builder(url).wait_replicas(1, second).build().unwrap();
    keeps_the_rules(store).await;
}
