//! Without prepared statements, as for poolers.

use session_runtime::store::{Loaded, PostgresStore, Store};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use test_servers::{Kind, start_pgbouncer};

use crate::site::{builder, key, table, url, with};
use crate::suite::keeps_every_rule;

/// The pooler spreads the transactions over three server connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behind_pgbouncer() {
    if test_servers::is_left_out(Kind::Postgres) {
        return;
    }
    let pooler = start_pgbouncer(3).unwrap();
    let url = with(pooler.url(), "statement-cache-capacity=0");
    keeps_every_rule(builder(&url, &table()).connect().await.unwrap()).await;
}

#[tokio::test]
async fn nothing_stays_prepared() {
    let Some(url) = url() else { return };
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect_with(options.statement_cache_capacity(0)).await.unwrap();
    let store = PostgresStore::from_pool(pool.clone()).prepared_statements(false);
    let store = store.table(table()).migrate().connect().await.unwrap();
    for _ in 0..10 {
        assert_eq!(store.load(&key()).await.unwrap(), Loaded::Absent);
    }
    let prepared = sqlx::raw_sql("SELECT FROM pg_prepared_statements");
    assert_eq!(prepared.fetch_all(&pool).await.unwrap().len(), 0);
}
