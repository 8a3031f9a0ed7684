//! Slots that move to another server while they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis::cmd;
use session_runtime::patch::Patch;
use session_runtime::store::{Created, Loaded, RedisClusterStore, Store, Updated};

use crate::site::{add, ask, cluster, create, key, nodes, port, primary_of, record};

/// Each script has one key, so it is asked elsewhere (`ASK`) or refused as a whole (`MOVED`);
/// servers answer `TRYAGAIN` only to commands with several keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_moves_to_and_fro_during_traffic() {
    let Some(cluster) = cluster(&[]) else { return };
    let store = RedisClusterStore::open(cluster.url()).unwrap();
    let session = create(&store, &record([("n", "0")])).await;
    let name = format!("session:{session}");
    let nodes = nodes(cluster.url());
    let node = |port: u16| format!("redis://127.0.0.1:{port}");
    let from = primary_of(&nodes[0], &name);
    let others = nodes.iter().map(|node| port(node));
    let to = others.filter(|port| *port != from).find(|port| is_primary(&node(*port))).unwrap();

    let (stop, saved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let traffic: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop, saved) = (store.clone(), stop.clone(), saved.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(store.update(&session, &add(1)).await.unwrap(), Updated::Applied);
                    saved.fetch_add(1, Ordering::Relaxed);
                    assert!(matches!(store.load(&session).await.unwrap(), Loaded::Live(_)));
                }
            })
        })
        .collect();
    let slot: u16 = ask(&nodes[0], cmd("CLUSTER").arg("KEYSLOT").arg(&name));
    let primaries: Vec<_> =
        nodes.iter().filter(|node| is_primary(node)).map(|node| port(node)).collect();
    let (mut from, mut to) = (from, to);
    for round in 0..6 {
        let set = |at: u16, what: &[&str]| {
            let mut command = cmd("CLUSTER");
            ask::<()>(&node(at), command.arg("SETSLOT").arg(slot).arg(what));
        };
        set(to, &["IMPORTING", &id(&node(from))]);
        set(from, &["MIGRATING", &id(&node(to))]);
        advance(&saved).await;
        // What is not there is created where the slot goes.
        let fresh = in_slot(&nodes[0], slot);
        assert_eq!(store.create(&fresh, &record([("n", "5")])).await.unwrap(), Created::Created);
        assert!(ask::<bool>(&node(from), cmd("EXISTS").arg(&name)), "round {round}");
        let mut migrate = cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(to).arg(&name).arg(0).arg(5_000);
        assert_eq!(ask::<String>(&node(from), &migrate), "OK");
        advance(&saved).await;
        assert_eq!(store.update(&fresh, &add(1)).await.unwrap(), Updated::Applied);
        let moved = key();
        assert_eq!(store.rename(&fresh, &moved, &Patch::empty()).await.unwrap(), Updated::Applied);
        // What is left in the slot goes too.
        let mut keys = cmd("CLUSTER");
        let keys: Vec<String> = ask(&node(from), keys.arg("GETKEYSINSLOT").arg(slot).arg(100));
        for name in keys {
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(to).arg(name).arg(0).arg(5_000);
            assert_eq!(ask::<String>(&node(from), &migrate), "OK");
        }
        let owner = id(&node(to));
        set(to, &["NODE", &owner]);
        for primary in &primaries {
            set(*primary, &["NODE", &owner]);
        }
        advance(&saved).await;
        (from, to) = (to, from);
    }
    stop.store(true, Ordering::Relaxed);
    for task in traffic {
        task.await.unwrap();
    }
    let Loaded::Live(record) = store.load(&session).await.unwrap() else { panic!("it is lost") };
    let saved = saved.load(Ordering::Relaxed).to_string();
    assert_eq!(record.fields.get("n"), Some(&*saved), "each was applied once");
    println!("{saved} updates");
}

/// Waits until some more have been saved.
async fn advance(saved: &AtomicU64) {
    let before = saved.load(Ordering::Relaxed);
    crate::site::wait_until("20 more are saved", async || {
        saved.load(Ordering::Relaxed) > before + 20
    })
    .await;
}

fn is_primary(node: &str) -> bool {
    let role: Vec<redis::Value> = ask(node, &cmd("ROLE"));
    role[0] == redis::Value::BulkString(b"master".into())
}

fn id(node: &str) -> String {
    ask(node, cmd("CLUSTER").arg("MYID"))
}

/// A key whose session is in this slot.
fn in_slot(node: &str, slot: u16) -> session_runtime::StoreKey {
    let mut connection = redis::Client::open(node).unwrap().get_connection().unwrap();
    loop {
        let keys: Vec<_> = (0..1_000).map(|_| key()).collect();
        let mut questions = redis::pipe();
        for key in &keys {
            questions.cmd("CLUSTER").arg("KEYSLOT").arg(format!("session:{key}"));
        }
        let slots: Vec<u16> = questions.query(&mut connection).unwrap();
        if let Some(found) = slots.iter().position(|it| *it == slot) {
            return keys[found];
        }
    }
}
