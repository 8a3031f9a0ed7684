//! Servers that are not there, go away, come back, or are slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use session_runtime::record::Principal;
use session_runtime::store::{Created, Loaded, RedisStore, Store, Updated};

use crate::site::{add, key, record, server};

const TIMEOUT: Duration = Duration::from_millis(300);

/// What a busy machine may add.
const GRACE: Duration = Duration::from_millis(700);

fn impatient(url: &str) -> RedisStore {
    RedisStore::builder(url).command_timeout(TIMEOUT).build().unwrap()
}

/// All operations fail, none of them late.
async fn fails(store: &RedisStore) {
    let key = key();
    let began = Instant::now();
    let (load, create, update, rename, delete) = tokio::join!(
        async { store.load(&key).await.is_err() },
        async { store.create(&key, &record([])).await.is_err() },
        async { store.update(&key, &add(1)).await.is_err() },
        async { store.rename(&key, &crate::site::key(), &add(1)).await.is_err() },
        async { store.delete(&key).await.is_err() },
    );
    assert!(load && create && update && rename && delete);
    assert!(began.elapsed() < TIMEOUT + GRACE, "{:?}", began.elapsed());
}

async fn works(store: &RedisStore) {
    let key = key();
    assert_eq!(store.create(&key, &record([("n", "1")])).await.unwrap(), Created::Created);
    assert_eq!(store.update(&key, &add(1)).await.unwrap(), Updated::Applied);
}

#[tokio::test]
async fn a_server_that_starts_late() {
    let Some(mut server) = server(&[]) else { return };
    server.kill();
    let store = impatient(server.url());
    for _ in 0..3 {
        fails(&store).await;
    }
    server.start_again().unwrap();
    works(&store).await;
}

#[tokio::test]
async fn a_server_that_hangs() {
    let Some(server) = server(&[]) else { return };
    let store = impatient(server.url());
    works(&store).await;
    server.pause();
    // The second time there is a new connection to open, which nobody accepts.
    for _ in 0..3 {
        fails(&store).await;
    }
    server.resume();
    works(&store).await;
}

#[tokio::test]
async fn a_connection_that_is_closed_while_nobody_uses_it() {
    let Some(server) = server(&[]) else { return };
    let store = impatient(server.url());
    works(&store).await;
    for _ in 0..5 {
        let mut kill = redis::cmd("CLIENT");
        crate::site::ask::<()>(server.url(), kill.arg("KILL").arg("TYPE").arg("normal"));
        tokio::time::sleep(Duration::from_millis(20)).await;
        // No request has to fail for the loss to be noticed.
        works(&store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_comes_back_during_traffic() {
    let Some(mut server) = server(&["--appendonly", "yes", "--appendfsync", "always"]) else {
        return;
    };
    let store = impatient(server.url());
    let key = key();
    assert_eq!(store.create(&key, &record([("n", "0")])).await.unwrap(), Created::Created);
    let (saved, unknown) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let traffic: Vec<_> = (0..8)
        .map(|_| {
            let (store, saved, unknown, stop) =
                (store.clone(), saved.clone(), unknown.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    match store.update(&key, &add(1)).await {
                        Ok(updated) => {
                            assert_eq!(updated, Updated::Applied);
                            saved.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(_) => {
                            unknown.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                    assert!(began.elapsed() < TIMEOUT + GRACE, "{:?}", began.elapsed());
                }
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.start_again().unwrap();
        let before = saved.load(Ordering::Relaxed);
        let waiting = Instant::now();
        while saved.load(Ordering::Relaxed) == before {
            assert!(waiting.elapsed() < Duration::from_secs(10), "nothing is saved any more");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in traffic {
        task.await.unwrap();
    }
    let Loaded::Live(record) = store.load(&key).await.unwrap() else { panic!("it is lost") };
    let kept: u64 = record.fields.get("n").unwrap().parse().unwrap();
    let (saved, unknown) = (saved.load(Ordering::Relaxed), unknown.load(Ordering::Relaxed));
    println!("{saved} saved, {unknown} unknown, {kept} kept");
    assert!(unknown > 0, "the server was lost");
    assert!((saved..=saved + unknown).contains(&kept), "{saved} <= {kept} <= {saved} + {unknown}");
}

/// Redis refuses commands that need memory, and a script before its first write. Visitors can still
/// sign out.
#[tokio::test]
async fn a_server_without_memory() {
    let Some(server) = server(&["--maxmemory-policy", "noeviction"]) else { return };
    let store = impatient(server.url());
    let limit = |bytes: u64| {
        let mut command = redis::cmd("CONFIG");
        crate::site::ask::<()>(server.url(), command.arg("SET").arg("maxmemory").arg(bytes));
    };
    let [one, two, to] = [key(), key(), key()];
    let record = crate::site::record_of(&Principal::new("user_id", "7"));
    for key in [&one, &two] {
        assert_eq!(store.create(key, &record).await.unwrap(), Created::Created);
    }
    limit(1);
    assert!(store.create(&key(), &record).await.is_err());
    assert!(store.update(&one, &add(1)).await.is_err());
    assert!(store.rename(&one, &to, &add(1)).await.is_err());
    assert_eq!(store.load(&one).await.unwrap(), Loaded::Live(record.clone()));
    assert_eq!(store.load(&to).await.unwrap(), Loaded::Absent);
    store.delete(&one).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap(), Loaded::Gone);
    assert_eq!(store.delete_all(record.principal.as_ref().unwrap(), None).await.unwrap(), 1);
    limit(0);
    works(&store).await;
}
