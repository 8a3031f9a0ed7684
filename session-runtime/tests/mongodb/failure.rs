//! The server is down, hangs, or comes back.

use std::time::{Duration, Instant};

use session_runtime::patch::FieldOp;
use session_runtime::store::{Created, Loaded, Store, Updated};
use test_servers::{Kind, Server};

use crate::{Place, add, fresh, key, patch};

const TIMEOUT: Duration = Duration::from_millis(700);

/// A server of our own that keeps what it has acknowledged.
fn server() -> Option<Server> {
    let durable = ["--sync-on-commit"];
    (!test_servers::is_left_out(Kind::MongoDb))
        .then(|| test_servers::start_mongodb(&durable).unwrap())
}

async fn fails_in_time(store: &impl Store) {
    for write in [false, true] {
        let began = Instant::now();
        let failed = match write {
            false => store.load(&key(1)).await.is_err(),
            true => store.update(&key(1), &patch("n", add(1))).await.is_err(),
        };
        assert!(
            failed && began.elapsed() < TIMEOUT + Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    }
}

async fn loads_again(store: &impl Store) -> Loaded {
    let began = Instant::now();
    loop {
        match store.load(&key(1)).await {
            Ok(loaded) => return loaded,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_come_later_and_go() {
    let Some(mut server) = server() else { return };
    server.kill();
    let place = Place::at(server.url().to_owned());
    let began = Instant::now();
    let store = place.builder().command_timeout(TIMEOUT).open().await.unwrap();
    assert!(began.elapsed() < TIMEOUT + Duration::from_secs(1));
    fails_in_time(&store).await;
    server.start_again().unwrap();
    assert_eq!(loads_again(&store).await, Loaded::Absent);
    // The indexes were created when the server came up.
    let names = place.documents().await.list_index_names().await.unwrap();
    assert!(names.contains(&"session_keys".to_owned()), "{names:?}");
    let one = fresh(&[("n", "0")]);
    assert_eq!(store.create(&key(1), &one).await.unwrap(), Created::Created);
    for _ in 0..2 {
        server.kill();
        fails_in_time(&store).await;
        server.start_again().unwrap();
        assert_eq!(loads_again(&store).await, Loaded::Live(one.clone()));
    }
    let set = patch("n", FieldOp::Set("5".into()));
    assert_eq!(store.update(&key(1), &set).await.unwrap(), Updated::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_may_hang() {
    let Some(server) = server() else { return };
    let place = Place::at(server.url().to_owned());
    let store = place.builder().command_timeout(TIMEOUT).open().await.unwrap();
    let _ = store.create(&key(1), &fresh(&[("n", "0")])).await.unwrap();
    server.pause();
    fails_in_time(&store).await;
    server.resume();
    let Loaded::Live(record) = loads_again(&store).await else { panic!("it is live") };
    // The outcome of the unanswered write was unknown. It was applied, once.
    let n: u32 = record.fields.get("n").unwrap().parse().unwrap();
    assert!(n <= 1, "{n}");
}

/// Compares sums with the acknowledged and the unknown writes, after restarts under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_done_twice_by_a_restart() {
    let Some(mut server) = server() else { return };
    let place = Place::at(server.url().to_owned());
    let store = place.builder().command_timeout(TIMEOUT).open().await.unwrap();
    let _ = store.create(&key(1), &fresh(&[("n", "0")])).await.unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let (mut saved, mut unknown) = (0, 0);
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    match store.update(&key(1), &patch("n", add(1))).await {
                        Ok(updated) => {
                            assert_eq!(updated, Updated::Applied);
                            saved += 1;
                        }
                        Err(_) => unknown += 1,
                    }
                }
                (saved, unknown)
            })
        })
        .collect();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.kill();
        server.start_again().unwrap();
    }
    loads_again(&store).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let (mut saved, mut unknown) = (0, 0);
    for task in tasks {
        let (more_saved, more_unknown) = task.await.unwrap();
        saved += more_saved;
        unknown += more_unknown;
    }
    let Loaded::Live(record) = loads_again(&store).await else { panic!("it is live") };
    let n: u32 = record.fields.get("n").unwrap().parse().unwrap();
    assert!(
        unknown > 0 && saved > 0 && (saved..=saved + unknown).contains(&n),
        "{saved}, {unknown}, {n}"
    );
}
