//! What visitors meet when Redis is not there, goes away, comes back or is slow.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use test_servers::Kind;

use crate::browser::{Answer, Browser};
use crate::server::{Data, Framework, Server, Store};

/// The store's command timeout.
const TIMEOUT: Duration = Duration::from_millis(300);

/// What a busy machine may add.
const GRACE: Duration = Duration::from_millis(1_500);

/// Redis for one scenario, which keeps what it has acknowledged.
fn redis() -> Option<test_servers::Server> {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    (!test_servers::is_left_out(Kind::Redis)).then(|| test_servers::start_redis(&durable).unwrap())
}

fn site(framework: Framework, redis: &test_servers::Server) -> Server {
    let url = format!("{}?command_timeout_ms={}", redis.url(), TIMEOUT.as_millis());
    Server::start_on(framework, &Data::at(&url), &[])
}

fn start_again(redis: &mut test_servers::Server) {
    let url = redis.url().to_owned();
    redis.start_again(|| ask(&url, &["PING"]).is_some_and(|it| it.starts_with("+PONG"))).unwrap();
}

/// Sends one command and reads the beginning of what comes back.
fn ask(url: &str, command: &[&str]) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("redis://")).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.write_all(format!("{}\r\n", command.join(" ")).as_bytes()).ok()?;
    let mut answer = [0; 16_384];
    let read = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// A number out of what the server says of itself.
fn info(redis: &test_servers::Server, section: &str, name: &str) -> u64 {
    let info = ask(redis.url(), &["INFO", section]).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix(name));
    let number = |line: &str| line.split([':', '=', ',']).find_map(|word| word.parse().ok());
    line.and_then(number).unwrap_or(0)
}

async fn sends(browser: &Browser, ops: serde_json::Value) -> Answer {
    let began = Instant::now();
    let answer = browser.send(ops).await;
    // A request loads and saves.
    assert!(began.elapsed() < TIMEOUT * 2 + GRACE, "{:?}", began.elapsed());
    answer
}

async fn is_unavailable(browser: &Browser, ops: serde_json::Value) {
    let answer = sends(browser, ops).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::SERVICE_UNAVAILABLE, ""));
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

async fn starts_late(framework: Framework) {
    let Some(mut redis) = redis() else { return };
    redis.kill();
    let server = site(framework, &redis);
    let ann = Browser::new(&server);
    is_unavailable(&ann, json!([["add_counter", 1]])).await;
    // Who needs no session is served.
    let none = ann.request(reqwest::Method::GET, "/none").await;
    assert_eq!(none.status, StatusCode::OK);
    start_again(&mut redis);
    assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([1]));
    assert_eq!(ann.ops(json!([["counter"]])).await, json!([1]));
}

async fn is_lost_and_found(framework: Framework) {
    let Some(mut redis) = redis() else { return };
    let server = site(framework, &redis);
    let (ann, bob) = (Browser::new(&server), Browser::new(&server));
    ann.ops(json!([["add_counter", 1], ["set_user_id", 7]])).await;
    let cookie = ann.cookie();
    for round in 0..2 {
        redis.kill();
        is_unavailable(&ann, json!([["counter"]])).await;
        is_unavailable(&ann, json!([["add_counter", 1]])).await;
        is_unavailable(&ann, json!([["destroy"]])).await;
        is_unavailable(&bob, json!([["set_name", "Bob"]])).await;
        let listed = ann.request(reqwest::Method::GET, "/principals/7").await;
        assert_eq!(listed.status, StatusCode::SERVICE_UNAVAILABLE);
        start_again(&mut redis);
        // Nobody is signed out, and nothing was saved that was not reported.
        let results = ann.ops(json!([["counter"], ["user_id"], ["add_counter", 1]])).await;
        assert_eq!(results, json!([round + 1, 7, round + 2]));
        assert_eq!(ann.cookie(), cookie);
    }
}

async fn hangs(framework: Framework) {
    let Some(redis) = redis() else { return };
    let server = site(framework, &redis);
    let ann = Browser::new(&server);
    ann.ops(json!([["add_counter", 1]])).await;
    let process = info(&redis, "server", "process_id").to_string();
    let signal = |signal: &str| {
        let sent = std::process::Command::new("kill").args([signal, &*process]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    for _ in 0..2 {
        is_unavailable(&ann, json!([["counter"], ["add_counter", 1]])).await;
    }
    signal("-CONT");
    assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([2]));
}

async fn is_restarted_during_traffic(framework: Framework) {
    let Some(mut redis) = redis() else { return };
    let server = site(framework, &redis);
    let ann = Browser::new(&server);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let traffic = async || {
        let (mut saved, mut unknown) = (0, 0);
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            match sends(&ann, json!([["add_counter", 1]])).await {
                answer if answer.status == StatusCode::OK => saved += 1,
                answer => {
                    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
                    unknown += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        (saved, unknown)
    };
    let restarts = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            redis.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            start_again(&mut redis);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (one, two, three, ()) = tokio::join!(traffic(), traffic(), traffic(), restarts);
    let saved: u64 = one.0 + two.0 + three.0;
    let unknown: u64 = one.1 + two.1 + three.1;
    let results = ann.ops(json!([["counter"], ["name"]])).await;
    let kept = results[0].as_u64().unwrap();
    assert!(unknown > 0 && saved > 0, "{saved} saved, {unknown} unknown");
    assert!((saved..=saved + unknown).contains(&kept), "{saved}..={saved}+{unknown}, kept {kept}");
    assert_eq!(results[1], json!("Ann"));
}

/// What requests cost, counted at the server: calls of scripts and reads of hashes.
async fn costs_little(framework: Framework) {
    let Some(redis) = redis() else { return };
    let server = site(framework, &redis);
    // The server learns the scripts.
    let bob = Browser::new(&server);
    for _ in 0..2 {
        bob.ops(json!([["add_counter", 1], ["set_user_id", 8]])).await;
        bob.ops(json!([["renew"]])).await;
        bob.ops(json!([["destroy"]])).await;
        bob.ops(json!([["set_name", "Bob"]])).await;
        bob.ops(json!([["set_name", "Bo"]])).await;
    }
    let ann = Browser::new(&server);
    for (ops, costs) in [
        (json!([["counter"]]), [0, 0]),
        (json!([["add_counter", 1]]), [1, 0]),
        (json!([["counter"]]), [0, 1]),
        (json!([["add_counter", 1], ["set_name", "Ann"]]), [1, 1]),
        (json!([["renew"]]), [1, 1]),
        (json!([["set_user_id", 7]]), [1, 1]),
        (json!([["destroy"]]), [1, 1]),
    ] {
        ask(redis.url(), &["CONFIG", "RESETSTAT"]);
        ann.ops(ops.clone()).await;
        let count = |command| info(&redis, "commandstats", command);
        let seen = ["cmdstat_evalsha", "cmdstat_hgetall"].map(count);
        assert_eq!(seen, costs, "{ops}");
        assert_eq!(count("cmdstat_eval:"), 0, "{ops}");
    }
    ask(redis.url(), &["CONFIG", "RESETSTAT"]);
    ann.request(reqwest::Method::GET, "/none").await;
    let counted = ask(redis.url(), &["INFO", "commandstats"]).unwrap();
    assert!(!counted.contains("evalsha") && !counted.contains("hgetall"), "{counted}");
}

/// Servers of both frameworks on one Redis serve one visitor.
#[tokio::test]
async fn servers_share_one_redis() {
    if Store::Redis.is_left_out() {
        return;
    }
    let data = Store::Redis.empty();
    let axum = Server::start_on(Framework::Axum, &data, &[]);
    let actix = Server::start_on(Framework::Actix, &data, &[]);
    let ann = Browser::new(&axum);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let rewrites = async |server: &Server| {
        for _ in 0..50 {
            ann.at(server).ops(json!([["push_item", "x"], ["add_counter", 1]])).await;
        }
    };
    tokio::join!(rewrites(&axum), rewrites(&actix), rewrites(&axum), rewrites(&actix));
    let results = ann.at(&actix).ops(json!([["items"], ["counter"]])).await;
    assert_eq!((results[0].as_array().map(Vec::len), &results[1]), (Some(200), &json!(200)));
}

macro_rules! on_both {
    ($($name:ident),+) => {
        mod axum {
            use super::Framework;
            $(#[tokio::test] async fn $name() { super::$name(Framework::Axum).await; })+
        }

        mod actix {
            use super::Framework;
            $(#[tokio::test] async fn $name() { super::$name(Framework::Actix).await; })+
        }
    };
}

on_both!(starts_late, is_lost_and_found, hangs, is_restarted_during_traffic, costs_little);
