//! The conformance suite.

use session_runtime::conformance;
use session_runtime::store::PostgresStore;

use crate::site::{builder, database, table, url};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_every_rule() {
    let Some(url) = url() else { return };
    let store = builder(&url, &table()).connect().await.unwrap();
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    assert!(report.skipped().is_empty() && report.passed().len() > 60, "{report}");
}

/// Even where the server does not let a statement see what others commit while it runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_every_rule_when_serializable() {
    let Some(url) = url() else { return };
    let url = format!("{url}?options[default_transaction_isolation]=serializable");
    let store = builder(&url, &table()).max_connections(5).connect().await.unwrap();
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_every_rule_on_a_given_pool() {
    let Some(url) = url() else { return };
    let pool = database(&url).await;
    let store = PostgresStore::from_pool(pool).table(table()).migrate().connect().await.unwrap();
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
}
