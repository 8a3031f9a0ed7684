//! A primary and its replica.

use std::time::{Duration, Instant};

use session_runtime::patch::Patch;
use session_runtime::record::Principal;
use session_runtime::store::{Created, Loaded, RedisStore, Store, Updated};
use test_servers::Server;

use crate::site::{add, ask, key, record, record_of, server};

const WAIT: Duration = Duration::from_millis(200);

/// A primary and a replica that follows it.
async fn pair() -> Option<(Server, Server)> {
    let primary = server(&["--repl-diskless-sync-delay", "0"])?;
    let (_, port) = primary.url().rsplit_once(':').unwrap();
    let replica = server(&["--replicaof", "127.0.0.1", port])?;
    // A write from before there was any replica counts as acknowledged, so the first answer may be
    // empty.
    for _ in 0..2 {
        until_acknowledged(primary.url()).await;
    }
    Some((primary, replica))
}

/// Waits until everything written so far has reached a replica.
async fn until_acknowledged(primary: &str) {
    let began = Instant::now();
    while !is_acknowledged(primary) {
        assert!(began.elapsed() < Duration::from_secs(20), "the replica does not follow");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a write reaches a replica.
fn is_acknowledged(primary: &str) -> bool {
    let mut connection = redis::Client::open(primary).unwrap().get_connection().unwrap();
    let mut commands = redis::pipe();
    commands.set("probe", 1).ignore().cmd("WAIT").arg(1).arg(100);
    commands.query::<(u64,)>(&mut connection).unwrap() == (1,)
}

#[tokio::test]
async fn what_ends_sessions_waits_for_replicas() {
    let Some((primary, mut replica)) = pair().await else { return };
    let store = RedisStore::builder(primary.url()).wait_replicas(1, WAIT).build().unwrap();
    let who = Principal::new("user_id", "7");
    let create = async || {
        let key = key();
        assert_eq!(store.create(&key, &record_of(&who)).await.unwrap(), Created::Created);
        key
    };
    let (one, two, to) = (create().await, create().await, key());
    store.delete(&one).await.unwrap();
    // It is there already.
    let gone = redis::cmd("HGET").arg(format!("session:{one}")).arg("!").clone();
    assert_eq!(ask::<Option<String>>(replica.url(), &gone), Some(String::new()));
    assert_eq!(store.rename(&two, &to, &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);

    let (one, two, to) = (create().await, create().await, key());
    replica.kill();
    let began = Instant::now();
    let error = store.delete(&one).await.unwrap_err();
    assert!(format!("{error:?}").contains("0 of 1 replicas"), "{error:?}");
    assert!(store.rename(&two, &to, &Patch::empty()).await.is_err());
    assert!(store.delete_all(&who, None).await.is_err());
    assert!(began.elapsed() < WAIT * 3 + Duration::from_secs(2), "{:?}", began.elapsed());
    // Everything else goes on, and what was done on the primary is done.
    assert_eq!(store.load(&one).await.unwrap(), Loaded::Gone);
    let other = create().await;
    assert_eq!(store.update(&other, &add(1)).await.unwrap(), Updated::Applied);
}

#[tokio::test]
async fn a_connection_that_was_given_waits_too() {
    let Some((primary, mut replica)) = pair().await else { return };
    let client = redis::Client::open(primary.url()).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    let store =
        RedisStore::builder_with_connection(connection).wait_replicas(1, WAIT).build().unwrap();
    store.delete(&key()).await.unwrap();
    replica.kill();
    assert!(store.delete(&key()).await.is_err());
}

#[tokio::test]
async fn a_replica_is_refused_until_it_is_promoted() {
    let Some((primary, replica)) = pair().await else { return };
    let key = key();
    let at_primary = RedisStore::open(primary.url()).unwrap();
    assert_eq!(at_primary.create(&key, &record([("n", "1")])).await.unwrap(), Created::Created);
    let store = RedisStore::open(replica.url()).unwrap();
    for _ in 0..2 {
        let error = store.load(&key).await.unwrap_err();
        assert!(format!("{error:?}").contains("replica"), "{error:?}");
    }
    until_acknowledged(primary.url()).await;
    ask::<()>(replica.url(), redis::cmd("REPLICAOF").arg("NO").arg("ONE"));
    assert_eq!(store.update(&key, &add(1)).await.unwrap(), Updated::Applied);

    // The store leaves a primary that becomes a replica, at the first write that it refuses.
    let (_, port) = replica.url().rsplit_once(':').unwrap();
    assert!(matches!(at_primary.load(&key).await.unwrap(), Loaded::Live(_)));
    ask::<()>(primary.url(), redis::cmd("REPLICAOF").arg("127.0.0.1").arg(port));
    assert!(at_primary.update(&key, &add(1)).await.is_err());
    assert!(at_primary.load(&key).await.is_err());
}
