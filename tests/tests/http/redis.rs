//! The cost of requests on Redis, also through Webdis, and several servers on one Redis.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::outages::{Backend, REDIS, REDIS_BEHIND_WEBDIS};
use crate::server::{Framework, Server, Store};

#[tokio::test]
async fn costs_little_on_axum() {
    costs_little(Framework::Axum, &REDIS).await;
}

#[tokio::test]
async fn costs_little_on_actix() {
    costs_little(Framework::Actix, &REDIS).await;
}

/// Webdis sends one command for each request.
#[tokio::test]
async fn costs_little_through_webdis() {
    costs_little(Framework::Axum, &REDIS_BEHIND_WEBDIS).await;
    costs_little(Framework::Actix, &REDIS_BEHIND_WEBDIS).await;
}

/// The cost of requests, counted by the server: calls of scripts and reads of hashes.
async fn costs_little(framework: Framework, backend: &Backend) {
    let Some(mut server) = backend.start() else { return };
    let site = backend.site(framework, &server);
    let redis = (backend.failing)(&mut server);
    // The server loads the scripts first.
    let bob = Browser::new(&site);
    for _ in 0..2 {
        bob.ops(json!([["add_counter", 1], ["set_user_id", 8]])).await;
        bob.ops(json!([["renew"]])).await;
        bob.ops(json!([["destroy"]])).await;
        bob.ops(json!([["set_name", "Bob"]])).await;
        bob.ops(json!([["set_name", "Bo"]])).await;
    }
    let ann = Browser::new(&site);
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
        let count = |command| info(redis, "commandstats", command);
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

/// Sends one command and reads the beginning of the answer.
pub(crate) fn ask(url: &str, command: &[&str]) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("redis://")).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.write_all(format!("{}\r\n", command.join(" ")).as_bytes()).ok()?;
    let mut answer = [0; 16_384];
    let read = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// A number from the server's `INFO`.
fn info(redis: &test_servers::Server, section: &str, name: &str) -> u64 {
    number(&ask(redis.url(), &["INFO", section]).unwrap(), name)
}

/// The first number behind a name, or 0.
pub(crate) fn number(info: &str, name: &str) -> u64 {
    let line = info.lines().find_map(|line| line.strip_prefix(name));
    let number = |line: &str| line.split([':', '=', ',']).find_map(|word| word.trim().parse().ok());
    line.and_then(number).unwrap_or(0)
}
