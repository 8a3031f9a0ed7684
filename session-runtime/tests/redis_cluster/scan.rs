//! Scans of a cluster that changes.

use std::collections::HashSet;

use redis::cmd;
use session_runtime::store::{Cursor, Page, RedisClusterStore, Store};
use test_servers::kill_node;

use crate::site::{ask, cluster, create, nodes, port, primary_of, record, wait_until};

/// The first page, and the cursor behind it.
async fn first(store: &RedisClusterStore) -> (Page, Cursor) {
    let page = store.scan(None, 10).await.unwrap();
    let next = page.next.clone().unwrap();
    (page, next)
}

async fn refused(store: &RedisClusterStore, after: Option<&Cursor>) -> String {
    let error = store.scan(after, 10).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("must begin again"), "{text}");
    text
}

/// A scan that went on would leave out what moved to a server that it had read already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_does_not_go_on_when_slots_move() {
    let Some(cluster) = cluster(&[]) else { return };
    let store = RedisClusterStore::open(cluster.url()).unwrap();
    let mut stay = HashSet::new();
    for _ in 0..200 {
        stay.insert(create(&store, &record([("a", "1")])).await);
    }
    let nodes = nodes(cluster.url());
    let node = |port: u16| format!("redis://127.0.0.1:{port}");
    // The names of these are in the slots 0 and 16383.
    let (from, to) = (primary_of(&nodes[0], "3560"), primary_of(&nodes[0], "39296"));
    let id = |port: u16| ask::<String>(&node(port), cmd("CLUSTER").arg("MYID"));
    // One that can be moved without taking sessions along: the first, unless chance put one there.
    let keys_in =
        |slot: &u16| ask::<u64>(&node(from), cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot));
    let slot = (0..16_384).find(|slot| keys_in(slot) == 0).unwrap();
    let set = |at: u16, what: &[&str]| {
        let mut command = cmd("CLUSTER");
        ask::<()>(&node(at), command.arg("SETSLOT").arg(slot).arg(what));
    };
    let (_, next) = first(&store).await;
    set(to, &["IMPORTING", &id(from)]);
    set(from, &["MIGRATING", &id(to)]);
    assert!(refused(&store, None).await.contains("slots are moving"));
    assert!(refused(&store, Some(&next)).await.contains("slots are moving"));
    set(from, &["STABLE"]);
    set(to, &["STABLE"]);

    // All is as it was, so the scan goes on.
    let (page, mut after) = first(&store).await;
    for info in page.sessions {
        stay.remove(&info.key);
    }
    loop {
        let page = store.scan(Some(&after), 10).await.unwrap();
        for info in page.sessions {
            stay.remove(&info.key);
        }
        let Some(next) = page.next else { break };
        after = next;
    }
    assert!(stay.is_empty(), "{} were not shown", stay.len());

    // The slot gets another owner.
    let owner = id(to);
    for port in [to, from] {
        set(port, &["NODE", &owner]);
    }
    wait_until("the store knows it", async || store.scan(None, 10).await.is_ok()).await;
    assert!(refused(&store, Some(&next)).await.contains("the cluster has changed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_does_not_go_on_at_a_replica_that_took_over() {
    let Some(cluster) = cluster(&[]) else { return };
    let store = RedisClusterStore::open(cluster.url()).unwrap();
    for _ in 0..100 {
        create(&store, &record([("a", "1")])).await;
    }
    let (_, next) = first(&store).await;
    let nodes = nodes(cluster.url());
    let primary = primary_of(&nodes[0], "3560");
    let other = nodes.iter().find(|node| port(node) != primary).unwrap();
    kill_node(primary);
    wait_until("a replica took over", async || primary_of(other, "3560") != primary).await;
    wait_until("the store knows it", async || store.scan(None, 10).await.is_ok()).await;
    assert!(refused(&store, Some(&next)).await.contains("the cluster has changed"));
}
