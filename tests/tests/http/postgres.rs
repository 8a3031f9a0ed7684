//! What visitors meet when PostgreSQL is not there, goes away, comes back or is slow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_servers::Kind;

use crate::browser::{Answer, Browser};
use crate::server::{Data, Framework, Server};

/// The store's command timeout.
const TIMEOUT: Duration = Duration::from_millis(400);

/// What a busy machine may add.
const GRACE: Duration = Duration::from_millis(1_500);

/// PostgreSQL for one scenario.
fn postgres() -> Option<test_servers::Server> {
    (!test_servers::is_left_out(Kind::Postgres)).then(|| Kind::Postgres.start().unwrap())
}

fn site(framework: Framework, postgres: &test_servers::Server) -> Server {
    let options = format!("migrate=true&command_timeout_ms={}", TIMEOUT.as_millis());
    Server::start_on(framework, &Data::at(&format!("{}?{options}", postgres.url())), &[])
}

/// Kills the server with all its processes, which else may serve for a moment longer.
fn kill(postgres: &mut test_servers::Server) {
    let processes = processes(postgres);
    postgres.kill();
    signal("-KILL", &processes);
}

fn start_again(postgres: &mut test_servers::Server) {
    test_servers::start_postgres_again(postgres).unwrap();
}

/// The server and every process that it has started.
fn processes(postgres: &test_servers::Server) -> Vec<String> {
    let file = postgres.folder().join("data/postmaster.pid");
    let parent = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let children = children.unwrap();
    let children = children.split_whitespace().map(str::to_owned);
    std::iter::once(parent.clone()).chain(children).collect()
}

fn signal(name: &str, processes: &[String]) {
    // Some of them may have ended.
    std::process::Command::new("kill").arg(name).args(processes).status().unwrap();
}

async fn sends(browser: &Browser, ops: Value) -> Answer {
    let began = Instant::now();
    let answer = browser.send(ops).await;
    // A request loads and saves.
    assert!(began.elapsed() < TIMEOUT * 2 + GRACE, "{:?}", began.elapsed());
    answer
}

async fn is_unavailable(browser: &Browser, ops: Value) {
    let answer = sends(browser, ops).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::SERVICE_UNAVAILABLE, ""));
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

/// The table is made as soon as that is possible.
async fn starts_late(framework: Framework) {
    let Some(mut postgres) = postgres() else { return };
    kill(&mut postgres);
    let server = site(framework, &postgres);
    let ann = Browser::new(&server);
    is_unavailable(&ann, json!([["add_counter", 1]])).await;
    // Who needs no session is served.
    assert_eq!(ann.request(Method::GET, "/none").await.status, StatusCode::OK);
    start_again(&mut postgres);
    assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([1]));
    assert_eq!(ann.ops(json!([["counter"]])).await, json!([1]));
}

async fn is_lost_and_found(framework: Framework) {
    let Some(mut postgres) = postgres() else { return };
    let server = site(framework, &postgres);
    let (ann, bob) = (Browser::new(&server), Browser::new(&server));
    ann.ops(json!([["add_counter", 1], ["set_user_id", 7]])).await;
    let cookie = ann.cookie();
    for round in 1..3 {
        kill(&mut postgres);
        is_unavailable(&ann, json!([["counter"]])).await;
        is_unavailable(&ann, json!([["add_counter", 1]])).await;
        is_unavailable(&ann, json!([["destroy"]])).await;
        is_unavailable(&bob, json!([["set_name", "Bob"]])).await;
        let listed = ann.request(Method::GET, "/principals/7").await;
        assert_eq!(listed.status, StatusCode::SERVICE_UNAVAILABLE);
        start_again(&mut postgres);
        // Nobody is signed out, and nothing was saved that was not reported.
        let results = ann.ops(json!([["counter"], ["user_id"], ["add_counter", 1]])).await;
        assert_eq!(results, json!([round, 7, round + 1]));
        assert_eq!(ann.cookie(), cookie);
    }
}

/// Nobody who only reads is told of a restart between two requests.
async fn is_restarted_between_reads(framework: Framework) {
    let Some(mut postgres) = postgres() else { return };
    let server = site(framework, &postgres);
    let ann = Browser::new(&server);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let all_connections = async || {
        let read = || ann.ops(json!([["name"], ["sleep_ms", 50]]));
        futures_util::future::join_all((0..8).map(|_| read())).await;
    };
    all_connections().await;
    kill(&mut postgres);
    start_again(&mut postgres);
    all_connections().await;
    for count in 1..9 {
        assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([count]));
    }
}

async fn hangs(framework: Framework) {
    let Some(postgres) = postgres() else { return };
    let server = site(framework, &postgres);
    let ann = Browser::new(&server);
    ann.ops(json!([["add_counter", 1]])).await;
    let stopped = processes(&postgres);
    signal("-STOP", &stopped);
    let began = Instant::now();
    let all = (0..12).map(|_| is_unavailable(&ann, json!([["counter"], ["add_counter", 1]])));
    futures_util::future::join_all(all).await;
    is_unavailable(&ann, json!([["counter"]])).await;
    assert!(began.elapsed() >= TIMEOUT);
    signal("-CONT", &stopped);
    assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([2]));
}

async fn is_restarted_during_traffic(framework: Framework) {
    let Some(mut postgres) = postgres() else { return };
    let server = site(framework, &postgres);
    let ann = Browser::new(&server);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let stop = AtomicBool::new(false);
    let traffic = async || {
        let (mut saved, mut unknown) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            let answer = sends(&ann, json!([["add_counter", 1]])).await;
            if answer.status == StatusCode::OK {
                saved += 1;
            } else {
                assert_eq!((answer.status, &*answer.body), (StatusCode::SERVICE_UNAVAILABLE, ""));
                unknown += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        (saved, unknown)
    };
    let restarts = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let restart = tokio::task::spawn_blocking(move || {
                kill(&mut postgres);
                std::thread::sleep(Duration::from_millis(500));
                start_again(&mut postgres);
                postgres
            });
            postgres = restart.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.store(true, Ordering::Relaxed);
        postgres
    };
    let (one, two, three, _postgres) = tokio::join!(traffic(), traffic(), traffic(), restarts);
    let (saved, unknown): (u64, u64) = (one.0 + two.0 + three.0, one.1 + two.1 + three.1);
    let results = ann.ops(json!([["counter"], ["name"]])).await;
    let kept = results[0].as_u64().unwrap();
    assert!(saved > 0 && unknown > 0, "{saved} saved, {unknown} unknown");
    assert!((saved..=saved + unknown).contains(&kept), "{saved}..={saved}+{unknown}, kept {kept}");
    assert_eq!(results[1], json!("Ann"));
}

/// What requests cost, counted in the server's log.
async fn costs_little(framework: Framework) {
    let Some(postgres) = postgres() else { return };
    let pool = sqlx::PgPool::connect(postgres.url()).await.unwrap();
    sqlx::raw_sql("ALTER SYSTEM SET log_statement = 'all'").execute(&pool).await.unwrap();
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&pool).await.unwrap();
    pool.close().await;
    let server = site(framework, &postgres);
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
        let log = &log()[before..];
        let statements = log.matches("LOG:  execute sqlx_s_").count();
        let read =
            log.lines().filter(|line| line.contains("LOG:  execute") && line.contains(": SELECT"));
        assert_eq!((statements, read.count()), (writes + reads, reads), "{ops}: {log}");
        // Nothing but the statements themselves: no transaction, no trial of the connection.
        assert!(!log.contains("BEGIN") && !log.contains("LOG:  statement"), "{ops}: {log}");
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

on_both!(
    starts_late,
    is_lost_and_found,
    is_restarted_between_reads,
    hangs,
    is_restarted_during_traffic,
    costs_little,
);
