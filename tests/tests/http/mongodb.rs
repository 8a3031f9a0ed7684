//! What visitors meet when MongoDB is not there, goes away, comes back or is slow.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use test_servers::Kind;

use crate::browser::Browser;
use crate::server::{Data, Framework, Server, with_option};

/// The store's command timeout.
const TIMEOUT: Duration = Duration::from_millis(700);

/// What a busy machine may add.
const GRACE: Duration = Duration::from_millis(1_500);

/// A server for one scenario, which keeps what it has acknowledged.
fn mongodb() -> Option<test_servers::Server> {
    let left_out = test_servers::is_left_out(Kind::MongoDb);
    (!left_out).then(|| test_servers::start_mongodb(&["--sync-on-commit"]).unwrap())
}

fn site(framework: Framework, mongodb: &test_servers::Server) -> Server {
    let timeout = TIMEOUT.as_millis().to_string();
    let url = with_option(mongodb.url(), "command_timeout_ms", &timeout);
    Server::start_on(framework, &Data::at(&url), &[])
}

async fn is_unavailable(browser: &Browser, ops: Value) {
    let began = Instant::now();
    let answer = browser.send(ops).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::SERVICE_UNAVAILABLE, ""));
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    // A request loads and saves.
    assert!(began.elapsed() < TIMEOUT * 2 + GRACE, "{:?}", began.elapsed());
}

/// Starts it again and waits until a request that changes nothing is answered.
async fn start_again(mongodb: &mut test_servers::Server, browser: &Browser) {
    test_servers::restart_mongodb(mongodb, &[]).unwrap();
    is_back(browser).await;
}

async fn is_back(browser: &Browser) {
    let began = Instant::now();
    while browser.send(json!([["counter"]])).await.status != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(20), "the store finds the server again");
    }
}

async fn starts_late(framework: Framework) {
    let Some(mut mongodb) = mongodb() else { return };
    mongodb.kill();
    let server = site(framework, &mongodb);
    let ann = Browser::new(&server);
    is_unavailable(&ann, json!([["add_counter", 1]])).await;
    // Who needs no session is served.
    let none = ann.request(reqwest::Method::GET, "/none").await;
    assert_eq!(none.status, StatusCode::OK);
    test_servers::restart_mongodb(&mut mongodb, &[]).unwrap();
    let began = Instant::now();
    while ann.send(json!([["set_name", "Ann"]])).await.status != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(20), "the store finds the server");
    }
    assert_eq!(ann.ops(json!([["add_counter", 1], ["name"]])).await, json!([1, "Ann"]));
}

async fn is_lost_and_found(framework: Framework) {
    let Some(mut mongodb) = mongodb() else { return };
    let server = site(framework, &mongodb);
    let (ann, bob) = (Browser::new(&server), Browser::new(&server));
    ann.ops(json!([["add_counter", 1], ["set_user_id", 7]])).await;
    let cookie = ann.cookie();
    for round in 0..2 {
        mongodb.kill();
        is_unavailable(&ann, json!([["counter"]])).await;
        is_unavailable(&ann, json!([["add_counter", 1]])).await;
        is_unavailable(&ann, json!([["destroy"]])).await;
        is_unavailable(&bob, json!([["set_name", "Bob"]])).await;
        let listed = ann.request(reqwest::Method::GET, "/principals/7").await;
        assert_eq!(listed.status, StatusCode::SERVICE_UNAVAILABLE);
        start_again(&mut mongodb, &ann).await;
        // Nobody is signed out, and nothing was saved that was not reported.
        let results = ann.ops(json!([["counter"], ["user_id"], ["add_counter", 1]])).await;
        assert_eq!(results, json!([round + 1, 7, round + 2]));
        assert_eq!(ann.cookie(), cookie);
    }
}

async fn hangs(framework: Framework) {
    let Some(mongodb) = mongodb() else { return };
    let server = site(framework, &mongodb);
    let ann = Browser::new(&server);
    ann.ops(json!([["add_counter", 1]])).await;
    let admin = mongodb::Client::with_uri_str(mongodb.url()).await.unwrap().database("admin");
    let status = admin.run_command(mongodb::bson::doc! { "serverStatus": 1 }).await.unwrap();
    let process = status.get("pid").unwrap().to_string();
    let signal = |signal: &str| {
        let sent = std::process::Command::new("kill").args([signal, &*process]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    for _ in 0..2 {
        is_unavailable(&ann, json!([["counter"], ["add_counter", 1]])).await;
    }
    signal("-CONT");
    is_back(&ann).await;
    assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([2]));
}

async fn is_restarted_during_traffic(framework: Framework) {
    let Some(mut mongodb) = mongodb() else { return };
    let server = site(framework, &mongodb);
    let ann = Browser::new(&server);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let traffic = async || {
        let (mut saved, mut unknown) = (0, 0);
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            let began = Instant::now();
            let answer = ann.send(json!([["add_counter", 1]])).await;
            assert!(began.elapsed() < TIMEOUT * 2 + GRACE, "{:?}", began.elapsed());
            match answer.status {
                StatusCode::OK => saved += 1,
                status => {
                    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                    unknown += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        (saved, unknown)
    };
    let restarts = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            mongodb.kill();
            tokio::time::sleep(Duration::from_millis(300)).await;
            // Others go on while this waits.
            tokio::task::block_in_place(|| test_servers::restart_mongodb(&mut mongodb, &[]))
                .unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (one, two, three, ()) = tokio::join!(traffic(), traffic(), traffic(), restarts);
    is_back(&ann).await;
    let saved: u64 = one.0 + two.0 + three.0;
    let unknown: u64 = one.1 + two.1 + three.1;
    let results = ann.ops(json!([["counter"], ["name"]])).await;
    let kept = results[0].as_u64().unwrap();
    assert!(unknown > 0 && saved > 0, "{saved} saved, {unknown} unknown");
    assert!((saved..=saved + unknown).contains(&kept), "{saved}..={saved}+{unknown}, kept {kept}");
    assert_eq!(results[1], json!("Ann"));
}

macro_rules! on_both {
    ($($name:ident),+) => {
        mod axum {
            use super::Framework;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(Framework::Axum).await;
                }
            )+
        }

        mod actix {
            use super::Framework;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(Framework::Actix).await;
                }
            )+
        }
    };
}

on_both!(starts_late, is_lost_and_found, hangs, is_restarted_during_traffic);
