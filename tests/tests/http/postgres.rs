//! The cost of requests on PostgreSQL, and restarts that no visitor notices.

use reqwest::Method;
use serde_json::json;

use crate::browser::Browser;
use crate::outages::POSTGRES;
use crate::server::Framework;

/// A visitor who only reads does not notice a restart between two requests.
async fn is_restarted_between_reads(framework: Framework) {
    let Some(mut postgres) = POSTGRES.start() else { return };
    let server = POSTGRES.site(framework, &postgres);
    let ann = Browser::new(&server);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let all_connections = async || {
        let read = || ann.ops(json!([["name"], ["sleep_ms", 50]]));
        futures_util::future::join_all((0..8).map(|_| read())).await;
    };
    all_connections().await;
    postgres.kill();
    postgres.start_again().unwrap();
    all_connections().await;
    for count in 1..9 {
        assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([count]));
    }
}

/// The cost of requests, counted in the server's log.
async fn costs_little(framework: Framework) {
    let Some(postgres) = POSTGRES.start() else { return };
    let pool = sqlx::PgPool::connect(postgres.url()).await.unwrap();
    sqlx::raw_sql("ALTER SYSTEM SET log_statement = 'all'").execute(&pool).await.unwrap();
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&pool).await.unwrap();
    pool.close().await;
    let server = POSTGRES.site(framework, &postgres);
    let log = || std::fs::read_to_string(postgres.folder().join("log")).unwrap();
    let ann = Browser::new(&server);
    for (ops, writes, reads) in [
        (json!([["counter"]]), 0, 0),
        (json!([["add_counter", 1]]), 1, 0),
        (json!([["counter"]]), 0, 1),
        (json!([["add_counter", 1], ["set_name", "Ann"], ["push_item", "x"]]), 1, 1),
        (json!([["renew"]]), 1, 1),
        (json!([["set_user_id", 7]]), 1, 1),
        (json!([["destroy"]]), 1, 1),
    ] {
        let before = log().len();
        ann.ops(ops.clone()).await;
        let log = log();
        let (past, log) = log.split_at(before);
        let statements = log.matches("LOG:  execute sqlx_s_").count();
        let read =
            log.lines().filter(|line| line.contains("LOG:  execute") && line.contains(": SELECT"));
        assert_eq!((statements, read.count()), (writes + reads, reads), "{ops}: {log}");
        // Only the statements themselves: no transaction and no test of the connection. Only on a
        // new connection the store asks whether the server accepts writes.
        for line in log.lines().filter(|line| line.contains("LOG:  statement")) {
            let process = line.split(' ').find(|word| word.starts_with('[')).unwrap();
            let is_new = line.ends_with("SHOW transaction_read_only") && !past.contains(process);
            assert!(is_new, "{ops}: {log}");
        }
    }
    let before = log().len();
    ann.request(Method::GET, "/none").await;
    assert_eq!(&log()[before..], "");
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod axum {
            use super::Framework;
            $(#[tokio::test]
            async fn $name() { super::$name(Framework::Axum).await; })+
        }

        mod actix {
            use super::Framework;
            $(#[tokio::test]
            async fn $name() { super::$name(Framework::Actix).await; })+
        }
    };
}

on_both!(is_restarted_between_reads, costs_little);
