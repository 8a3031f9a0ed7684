//! Every option does what it says, and an error names a wrong one.

use std::time::{Duration, Instant};

use session_runtime::StoreKey;
use session_runtime::store::{
    Created, Loaded, PostgresStore, PostgresStoreBuilder, Store, connect,
};

use crate::site::{Site, builder, database, key, record, table, url, with};

async fn refusal(url: &str) -> String {
    format!("{:?}", connect(url).await.unwrap_err())
}

#[tokio::test]
async fn schema_and_table_are_made_by_many_at_once() {
    let Some(url) = url() else { return };
    let (schema, table) = (table(), table());
    let made = (0..8).map(|_| builder(&url, &table).schema(&schema).connect());
    for store in futures(made).await {
        assert_eq!(store.create(&key(), &record(&[])).await.unwrap(), Created::Created);
    }
    let count = format!(r#"SELECT count(*) FROM "{schema}"."{table}""#);
    let count = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count));
    assert_eq!(count.fetch_one(&database(&url).await).await.unwrap(), 8);
}

async fn futures<F>(made: impl Iterator<Item = F>) -> Vec<PostgresStore>
where
    F: Future<Output = Result<PostgresStore, session_runtime::ConfigError>> + Send + 'static,
{
    let mut stores = Vec::new();
    for task in made.map(tokio::spawn).collect::<Vec<_>>() {
        stores.push(task.await.unwrap().unwrap());
    }
    stores
}

#[tokio::test]
async fn unlogged() {
    let Some(site) = Site::with(|builder| builder.unlogged(true)).await else { return };
    let unlogged =
        "SELECT count(*) FROM pg_class WHERE oid = '{table}'::regclass AND relpersistence = 'u'";
    assert_eq!(site.number(unlogged).await, 1);
}

#[tokio::test]
async fn a_url_opens_the_store() {
    let Some(url) = url() else { return };
    let url = with(&url, &format!("table={}&migrate=true&application_name=shop", table()));
    let store = connect(&url).await.unwrap();
    assert_eq!(store.load(&StoreKey::from_bytes([0; 16])).await.unwrap(), Loaded::Absent);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let Some(url) = url() else { return };
    let missing = refusal(&with(&url, &format!("table={}", table()))).await;
    assert!(missing.contains("there is no table") && missing.contains("migrate"), "{missing}");
    assert!(refusal(&with(&url, "table=pg_class")).await.contains("not made by this store"));
    assert!(refusal(&with(&url, "table=a%22b")).await.contains("table name"));
    assert!(refusal(&with(&url, "schema=1")).await.contains("schema name"));
    assert!(refusal(&with(&url, "command_timeout_ms=0")).await.contains("`command_timeout`"));
    assert!(refusal(&with(&url, "max_connections=0")).await.contains("`max_connections`"));
    assert!(refusal(&with(&url, "tabel=a")).await.contains("`tabel`"));
    assert!(refusal(&with(&url, "dbname=nowhere")).await.contains("nowhere"));
    let wrong = refusal(&with(&url, "user=nobody&password=hunter2")).await;
    assert!(wrong.contains("nobody") && !wrong.contains("hunter2"), "{wrong}");
    let pool = PostgresStore::from_pool(database(&url).await).max_connections(3);
    assert!(pool.connect().await.unwrap_err().to_string().contains("`max_connections`"));
}

/// Another connection locks the table: commands time out, at the server as well.
#[tokio::test]
async fn a_command_ends_in_time() {
    for prepared in [true, false] {
        let options = |it: PostgresStoreBuilder| {
            let it = it.command_timeout(Duration::from_millis(300)).max_connections(2);
            it.prepared_statements(prepared)
        };
        let Some(site) = Site::with(options).await else { return };
        let expected = record(&[]);
        let key = site.create(&expected).await;
        let mut busy = site.pool.begin().await.unwrap();
        let lock = format!(r#"LOCK TABLE "{}""#, site.table);
        sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut *busy).await.unwrap();
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%{table}%'";
        for _ in 0..5 {
            let began = Instant::now();
            let deletes = (0..3).map(|_| {
                let store = site.store.clone();
                tokio::spawn(async move { store.delete(&key).await })
            });
            for delete in deletes.collect::<Vec<_>>() {
                assert!(delete.await.unwrap().is_err());
            }
            assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
            let waiting = site.number(waiting).await;
            assert!(waiting <= 2, "{waiting} of two connections");
        }
        while site.number(waiting).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        busy.rollback().await.unwrap();
        // An abandoned statement is not executed later.
        assert_eq!(site.store.load(&key).await.unwrap(), Loaded::Live(expected));
    }
}

/// Waiting for another process that creates its table may take longer than a command.
#[tokio::test]
async fn making_the_table_takes_its_time() {
    let Some(url) = url() else { return };
    let pool = database(&url).await;
    let mut busy = pool.begin().await.unwrap();
    // The number of this lock is the bytes of `sessions`.
    let lock = format!("SELECT pg_advisory_xact_lock({})", i64::from_be_bytes(*b"sessions"));
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut *busy).await.unwrap();
    let opened = builder(&url, &table()).command_timeout(Duration::from_millis(100)).connect();
    let opened = tokio::spawn(opened);
    sqlx::raw_sql("SELECT pg_sleep(0.5)").execute(&mut *busy).await.unwrap();
    assert!(!opened.is_finished());
    busy.rollback().await.unwrap();
    opened.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_store_fails() {
    let Some(site) = Site::new().await else { return };
    site.store.close().await;
    assert!(site.store.load(&key()).await.is_err());
}
