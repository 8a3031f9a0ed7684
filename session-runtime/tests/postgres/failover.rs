//! Servers that are read-only, such as a standby.

use std::time::Duration;

use session_runtime::store::{Created, Loaded, PostgresStore, Store};
use sqlx::postgres::{PgPool, PgPoolOptions};
use test_servers::Kind;

use crate::site::{builder, key, record, table, url, with};

/// Makes the server refuse writes on all connections, or take them again.
async fn set_read_only(server: &PgPool, value: &str) {
    let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
    for sql in [&*set, "SELECT pg_reload_conf()"] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(server).await.unwrap();
    }
    let is = async || -> String {
        let show = sqlx::query_scalar("SHOW default_transaction_read_only");
        show.fetch_one(server).await.unwrap()
    };
    while is().await != value {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_read_only_server_is_left() {
    if test_servers::is_left_out(Kind::Postgres) {
        return;
    }
    let server = Kind::Postgres.start().unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect(server.url()).await.unwrap();
    let table = table();
    let quick = builder(server.url(), &table).command_timeout(Duration::from_millis(300));
    let store = builder(server.url(), &table).connect().await.unwrap();
    let (one, two) = (key(), key());
    let (record, other) = (record(&[("a", "1")]), record(&[("a", "2")]));
    assert_eq!(store.create(&one, &record).await.unwrap(), Created::Created);
    let load = || {
        let store = store.clone();
        tokio::spawn(async move { store.load(&one).await })
    };
    // Opens several connections, which are then idle.
    for load in [load(), load(), load()] {
        assert_eq!(load.await.unwrap().unwrap(), Loaded::Live(record.clone()));
    }

    set_read_only(&pool, "on").await;
    let writer = store.clone();
    let written = tokio::spawn(async move { writer.create(&two, &other).await });
    // The store does not read from it either, because its data may be old.
    let late = quick.connect().await.unwrap();
    let read = load();
    assert!(late.create(&one, &record).await.is_err());
    assert!(late.load(&one).await.is_err());
    assert!(!written.is_finished() && !read.is_finished());

    set_read_only(&pool, "off").await;
    assert_eq!(written.await.unwrap().unwrap(), Created::Created);
    assert_eq!(read.await.unwrap().unwrap(), Loaded::Live(record.clone()));
    late.delete(&one).await.unwrap();
}

/// The store closes the connections of an existing pool that it cannot use, although it did not
/// open them.
#[tokio::test]
async fn a_given_pool_loses_its_read_only_connections() {
    let Some(url) = url() else { return };
    let pool = PgPoolOptions::new().max_connections(3).connect(&url).await.unwrap();
    let store = PostgresStore::from_pool(pool.clone()).table(table()).migrate();
    let store = store.connect().await.unwrap();
    let mut old = Vec::new();
    for _ in 0..3 {
        let mut connection = pool.acquire().await.unwrap();
        let set = sqlx::raw_sql("SET default_transaction_read_only = on");
        set.execute(&mut *connection).await.unwrap();
        old.push(connection);
    }
    drop(old);
    assert_eq!(store.create(&key(), &record(&[])).await.unwrap(), Created::Created);
}

/// A read-only server when the store is opened is like one that cannot be reached.
#[tokio::test]
async fn a_given_pool_may_be_read_only_at_first() {
    let Some(url) = url() else { return };
    let read_only = with(&url, "options[default_transaction_read_only]=on");
    let pool = PgPool::connect_lazy(&read_only).unwrap();
    let store = PostgresStore::from_pool(pool.clone()).table(table()).migrate();
    let store = store.command_timeout(Duration::from_millis(300)).connect().await.unwrap();
    assert!(store.create(&key(), &record(&[])).await.is_err());
    pool.set_connect_options(url.parse().unwrap());
    assert_eq!(store.create(&key(), &record(&[])).await.unwrap(), Created::Created);
}
