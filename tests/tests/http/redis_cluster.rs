//! The cost of requests on Redis Cluster, and what visitors see when a primary is killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::browser::Browser;
use crate::outages::{REDIS_CLUSTER, sends};
use crate::redis::{ask, number};
use crate::server::Framework;

#[tokio::test]
async fn costs_on_axum() {
    costs(Framework::Axum).await;
}

#[tokio::test]
async fn costs_on_actix() {
    costs(Framework::Actix).await;
}

/// The cost of requests, counted by the servers: calls of scripts and reads of hashes. The first
/// half of a renewal reads a hash in its script.
async fn costs(framework: Framework) {
    let Some(cluster) = REDIS_CLUSTER.start() else { return };
    let site = REDIS_CLUSTER.site(framework, &cluster);
    let everywhere = |command: &[&str]| {
        let hosts = hosts(&cluster);
        hosts.map(|host| ask(host, command).unwrap()).collect::<Vec<_>>()
    };
    // Each server loads the scripts first.
    for user in 0..40 {
        let bob = Browser::new(&site);
        bob.ops(json!([["add_counter", 1]])).await;
        bob.ops(json!([["renew"]])).await;
        bob.ops(json!([["set_user_id", 1_000 + user]])).await;
        bob.ops(json!([["set_name", "Bob"]])).await;
        bob.ops(json!([["destroy"]])).await;
    }
    let ann = Browser::new(&site);
    for (ops, costs) in [
        (json!([["counter"]]), [0, 0]),
        (json!([["add_counter", 1]]), [1, 0]),
        (json!([["counter"]]), [0, 1]),
        (json!([["add_counter", 1], ["set_name", "Ann"]]), [1, 1]),
        (json!([["renew"]]), [2, 2]),
        (json!([["set_user_id", 7]]), [4, 2]),
        (json!([["add_counter", 1]]), [1, 1]),
        (json!([["destroy"]]), [2, 1]),
    ] {
        everywhere(&["CONFIG", "RESETSTAT"]);
        ann.ops(ops.clone()).await;
        let infos = everywhere(&["INFO", "commandstats"]);
        let count = |command| infos.iter().map(|info| number(info, command)).sum::<u64>();
        assert_eq!(["cmdstat_evalsha:", "cmdstat_hgetall:"].map(count), costs, "{ops}");
        assert_eq!(count("cmdstat_eval:"), 0, "{ops}");
    }
    everywhere(&["CONFIG", "RESETSTAT"]);
    ann.request(reqwest::Method::GET, "/none").await;
    let counted = everywhere(&["INFO", "commandstats"]).concat();
    assert!(!counted.contains("evalsha") && !counted.contains("hgetall"), "{counted}");
}

#[tokio::test]
async fn a_primary_is_killed_on_axum() {
    a_primary_is_killed(Framework::Axum).await;
}

#[tokio::test]
async fn a_primary_is_killed_on_actix() {
    a_primary_is_killed(Framework::Actix).await;
}

/// The primary is killed. Its visitors are answered with 503, in bounded time, until its replica
/// has taken over. Nobody is signed out, and no counter is higher than the number of requests.
async fn a_primary_is_killed(framework: Framework) {
    let Some(cluster) = REDIS_CLUSTER.start() else { return };
    let site = REDIS_CLUSTER.site(framework, &cluster);
    let visitors: Vec<_> = (0..12).map(|_| Browser::new(&site)).collect();
    for (user, visitor) in visitors.iter().enumerate() {
        visitor.ops(json!([["set_user_id", user]])).await;
    }
    // The first three are primaries.
    let primary = hosts(&cluster).next().unwrap();
    until("its replica has everything", async || {
        let info = ask(primary, &["INFO", "replication"]).unwrap();
        let sent = number(&info, "master_repl_offset:");
        info.contains(&format!("offset={sent},"))
    })
    .await;
    let stop = AtomicBool::new(false);
    let visits = async |visitor: &Browser| {
        let (mut saved, mut unknown) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            match sends(visitor, json!([["add_counter", 1]])).await.status {
                StatusCode::OK => saved += 1,
                _ => unknown += 1,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        (saved, unknown)
    };
    let dies = async {
        let port = primary.rsplit_once(':').unwrap().1.parse().unwrap();
        test_servers::kill_node(port);
        let served = async |visitor: &Browser| {
            until("the visitor is served", async || {
                sends(visitor, json!([["counter"]])).await.status == StatusCode::OK
            })
            .await;
        };
        // Once every visitor has been served, no slot is without a server.
        tokio::time::sleep(Duration::from_millis(300)).await;
        join_all(visitors.iter().map(served)).await;
        stop.store(true, Ordering::Relaxed);
    };
    let (counts, ()) = tokio::join!(join_all(visitors.iter().map(visits)), dies);
    let mut lost = 0;
    for (user, (visitor, (saved, unknown))) in visitors.iter().zip(counts).enumerate() {
        let results = visitor.ops(json!([["counter"], ["user_id"]])).await;
        let kept = results[0].as_u64().unwrap();
        assert!(kept <= saved + unknown, "{kept} <= {saved} + {unknown}");
        assert_eq!(results[1], json!(user));
        lost += saved.saturating_sub(kept);
    }
    println!("acknowledged and lost: {lost}");
}

fn hosts(cluster: &test_servers::Server) -> impl Iterator<Item = &str> {
    cluster.url().trim_start_matches("redis-cluster://").split(',')
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
