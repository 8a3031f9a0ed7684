//! The conformance suite.

use session_runtime::conformance;
use session_runtime::store::PostgresStore;

use crate::site::{builder, database, table, url, with};

pub(crate) async fn keeps_every_rule(store: PostgresStore) {
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    assert!(report.skipped().is_empty() && report.passed().len() > 60, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn by_url() {
    let Some(url) = url() else { return };
    keeps_every_rule(builder(&url, &table()).connect().await.unwrap()).await;
}

/// Also with an isolation level under which a statement does not see what others commit meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn serializable() {
    let Some(url) = url() else { return };
    let url = with(&url, "options[default_transaction_isolation]=serializable");
    let builder = builder(&url, &table()).max_connections(5);
    keeps_every_rule(builder.connect().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_a_given_pool() {
    let Some(url) = url() else { return };
    let builder = PostgresStore::from_pool(database(&url).await).table(table()).migrate();
    keeps_every_rule(builder.connect().await.unwrap()).await;
}
