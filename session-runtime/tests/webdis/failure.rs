//! Connections that are shared, cut or slow, and what is sent twice: nothing that may have been
//! done.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use session_runtime::store::{Created, Loaded, Store, Updated, WebdisStore};
use test_servers::Kind;

use crate::proxy::Proxy;
use crate::site::{add, key, record};

async fn number(store: &WebdisStore, key: &session_runtime::StoreKey) -> String {
    let Loaded::Live(record) = store.load(key).await.unwrap() else { panic!("it is live") };
    record.fields.get("n").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_are_reused_and_no_more_than_allowed() {
    let Some(url) = test_servers::url(Kind::Webdis) else { return };
    let proxy = Proxy::before(&url).await;
    let store = WebdisStore::builder(&*proxy.url).max_connections(3).build().unwrap();
    let key = key();
    assert_eq!(store.create(&key, &record([("n", "0")])).await.unwrap(), Created::Created);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    assert_eq!(store.update(&key, &add(1)).await.unwrap(), Updated::Applied);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(number(&store, &key).await, "400");
    let connections = proxy.connections.load(Ordering::Relaxed);
    assert!((1..=3).contains(&connections), "{connections}");
}

#[tokio::test]
async fn a_connection_that_is_closed_while_nobody_uses_it() {
    let Some(url) = test_servers::url(Kind::Webdis) else { return };
    let proxy = Proxy::before(&url).await;
    let store = WebdisStore::open(&*proxy.url).unwrap();
    let key = key();
    assert_eq!(store.create(&key, &record([("n", "0")])).await.unwrap(), Created::Created);
    for _ in 0..20 {
        proxy.cut.notify_waiters();
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(store.update(&key, &add(1)).await.unwrap(), Updated::Applied);
    }
    assert_eq!(number(&store, &key).await, "20");
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_repeated() {
    let Some(url) = test_servers::url(Kind::Webdis) else { return };
    let proxy = Proxy::before(&url).await;
    let store = WebdisStore::open(&*proxy.url).unwrap();
    let key = key();
    assert_eq!(store.create(&key, &record([("n", "0")])).await.unwrap(), Created::Created);
    // The script is known, so that one request is one write.
    assert_eq!(store.update(&key, &add(1)).await.unwrap(), Updated::Applied);
    proxy.loses_answers.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        store.update(&key, &add(1)).await.unwrap_err();
    }
    proxy.loses_answers.store(false, Ordering::Relaxed);
    assert_eq!(number(&store, &key).await, "6");
}

#[tokio::test]
async fn a_server_that_hangs() {
    if test_servers::is_left_out(Kind::Webdis) {
        return;
    }
    let timeout = Duration::from_millis(300);
    let mut server = test_servers::start_webdis(&[], "[]").unwrap();
    let store = WebdisStore::builder(server.url())
        .command_timeout(timeout)
        .max_connections(2)
        .build()
        .unwrap();
    let key = key();
    assert_eq!(store.create(&key, &record([])).await.unwrap(), Created::Created);
    for of_redis in [false, true] {
        let hangs = if of_redis { server.behind() } else { &mut server };
        hangs.pause();
        let began = Instant::now();
        // More than there are connections: waiting for one is in the timeout, too.
        let results = futures_util::future::join_all((0..6).map(|_| store.load(&key))).await;
        assert!(results.iter().all(Result::is_err));
        let took = began.elapsed();
        assert!((timeout..timeout + Duration::from_millis(700)).contains(&took), "{took:?}");
        hangs.resume();
        let Loaded::Live(_) = store.load(&key).await.unwrap() else { panic!("it is live") };
    }
}
