//! Updates and loads of several sessions that are sent in one batch.

use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::{Principal, Record};
use session_runtime::store::{
    Created, Cursor, Loaded, Page, RedisStore, SessionInfo, Store, StoreError, Updated,
};
use session_runtime::{StoreKey, conformance};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::site::{add, ask, info, key, record, server, store};

/// A store that updates other sessions at the same time, so that each request joins a batch.
#[derive(Clone)]
pub(crate) struct Crowded {
    store: RedisStore,
    others: Vec<StoreKey>,
}

impl Crowded {
    /// There are enough other sessions for each of the store's connections.
    pub(crate) async fn new(store: RedisStore) -> Self {
        let others: Vec<_> = (0..24).map(|n| StoreKey::from_bytes([n; 16])).collect();
        for other in &others {
            // All rules may share one store.
            let _ = store.create(other, &record([("n", "0")])).await.unwrap();
        }
        Self { store, others }
    }

    /// Runs a request at the same time as updates of the other sessions.
    async fn with_others<T>(&self, asked: impl Future<Output = T>) -> T {
        let one = add(1);
        let others = join_all(self.others.iter().map(|other| self.store.update(other, &one)));
        // The others are polled first.
        let (updated, answer) = join(others, asked).await;
        assert!(updated.into_iter().all(|updated| matches!(updated, Ok(Updated::Applied))));
        answer
    }
}

impl Store for Crowded {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.with_others(self.store.load(key)).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        self.store.create(key, record).await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.with_others(self.store.update(key, patch)).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.store.rename(from, to, patch).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.store.list(principal).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        self.store.delete_all(principal, except).await
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        self.store.scan(after, limit).await
    }
}

#[tokio::test]
async fn every_rule_holds_on_one_thread() {
    let Some((store, _)) = store() else { return };
    let crowded = Crowded::new(store).await;
    conformance::run(|| async { crowded.clone() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_rule_holds_on_several() {
    let Some((store, _)) = store() else { return };
    let crowded = Crowded::new(store).await;
    conformance::run(|| async { crowded.clone() }).await.unwrap();
}

#[tokio::test]
async fn few_calls_for_many_updates() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(server.url()).unwrap();
    let crowded = Crowded::new(store.clone()).await;
    // The server learns the script, and connections are open.
    crowded.load(&crowded.others[0]).await.unwrap();
    ask::<()>(server.url(), redis::cmd("CONFIG").arg("RESETSTAT"));
    crowded.load(&crowded.others[0]).await.unwrap();
    // On each of four connections, the first update is sent directly. The others share one call.
    assert_eq!(info(server.url(), "cmdstat_evalsha"), Some(8));
    for other in &crowded.others {
        let Loaded::Live(record) = store.load(other).await.unwrap() else { panic!() };
        assert_eq!(record.fields.get("n"), Some("2"), "each is done once");
    }
}

#[tokio::test]
async fn each_gets_an_answer_of_its_own() {
    let Some((store, keys)) = store() else { return };
    let crowded = Crowded::new(store.clone()).await;
    let set = |text: &str| Patch {
        fields: vec![("n".into(), FieldOp::Set(text.into()))],
        ..Patch::empty()
    };
    let replace = |old: &str| Patch {
        fields: vec![(
            "n".into(),
            FieldOp::Replace { old: Some(old.into()), new: Some("9".into()) },
        )],
        ..Patch::empty()
    };
    let [live, text, gone, absent, foreign] = [key(), key(), key(), key(), key()];
    for (key, text) in [(&live, "1"), (&text, "\"x\""), (&gone, "1")] {
        let _ = store.create(key, &record([("n", text)])).await.unwrap();
    }
    store.delete(&gone).await.unwrap();
    keys.ask::<()>(redis::cmd("SET").arg(keys.of(&foreign)).arg("not a session"));

    assert_eq!(crowded.update(&live, &set("5")).await.unwrap(), Updated::Applied);
    assert_eq!(crowded.update(&live, &replace("5")).await.unwrap(), Updated::Applied);
    let conflict = crowded.update(&live, &replace("5")).await.unwrap();
    assert!(matches!(conflict, Updated::Conflict(record) if record.fields.get("n") == Some("9")));
    let mismatch = crowded.update(&text, &add(1)).await.unwrap();
    assert_eq!(mismatch, Updated::Mismatch("n".into()));
    for key in [gone, absent] {
        for patch in [add(1), set("1"), replace("1")] {
            assert_eq!(crowded.update(&key, &patch).await.unwrap(), Updated::Gone);
        }
    }
    for patch in [add(1), set("1"), replace("1")] {
        assert!(crowded.update(&foreign, &patch).await.is_err());
    }
    assert!(crowded.load(&foreign).await.is_err());
    assert_eq!(crowded.load(&gone).await.unwrap(), Loaded::Gone);
    assert_eq!(crowded.load(&absent).await.unwrap(), Loaded::Absent);
}

/// Lua's numbers cannot tell them apart.
#[tokio::test]
async fn a_bound_is_not_taken_for_the_number_beside_it() {
    let Some((store, _)) = store() else { return };
    let crowded = Crowded::new(store.clone()).await;
    let max = i64::MAX - 1;
    let key = key();
    let _ = store.create(&key, &record([("n", &*max.to_string())])).await.unwrap();
    let op = FieldOp::Add { delta: 1, min: 0, max, start: 0 };
    let patch = Patch { fields: vec![("n".into(), op)], ..Patch::empty() };
    assert_eq!(crowded.update(&key, &patch).await.unwrap(), Updated::Applied);
    assert_eq!(number_of(&store, &key).await, max.to_string());
}

/// Polls a future once, which is not enough for it.
fn poll_once(future: &mut (impl Future + Unpin)) {
    let polled = Pin::new(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

async fn session(store: &RedisStore) -> StoreKey {
    let key = key();
    assert_eq!(store.create(&key, &record([("n", "0")])).await.unwrap(), Created::Created);
    key
}

async fn number_of(store: &RedisStore, key: &StoreKey) -> String {
    let Loaded::Live(record) = store.load(key).await.unwrap() else { panic!() };
    record.fields.get("n").unwrap().to_owned()
}

#[tokio::test]
async fn what_was_given_up_is_not_sent() {
    let Some((store, _)) = store() else { return };
    let key = session(&store).await;
    let (one, ten) = (add(1), add(10));
    let mut alone = Box::pin(store.update(&key, &one));
    poll_once(&mut alone);
    let mut waits = Box::pin(store.update(&key, &ten));
    poll_once(&mut waits);
    drop(waits);
    assert_eq!(alone.await.unwrap(), Updated::Applied);
    assert_eq!(number_of(&store, &key).await, "1");
}

/// Also not if it waits for its connection.
#[tokio::test]
async fn what_was_given_up_while_connecting_is_not_sent() {
    let Some((store, keys)) = store() else { return };
    let slow = slow_to_connect(&keys.url);
    let slow = RedisStore::builder(slow).prefix(&*keys.prefix).build().unwrap();
    let key = session(&store).await;
    let (one, ten) = (add(1), add(10));
    let mut alone = Box::pin(slow.update(&key, &one));
    poll_once(&mut alone);
    let waits = tokio::time::timeout(Duration::from_millis(50), slow.update(&key, &ten));
    assert!(waits.await.is_err(), "it takes longer to connect");
    assert_eq!(alone.await.unwrap(), Updated::Applied);
    assert_eq!(slow.update(&key, &add(100)).await.unwrap(), Updated::Applied);
    assert_eq!(number_of(&store, &key).await, "101");
}

/// The URL of a server that takes half a second to connect to.
fn slow_to_connect(url: &str) -> String {
    let server = url.trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            std::thread::sleep(Duration::from_millis(500));
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
            for (mut from, mut to) in [(client, server), (ends.1, ends.0)] {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    proxy
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// This happens in tests of an application that share a store, but not a runtime.
#[test]
fn a_runtime_that_ends_before_it_sent_what_it_should() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(server.url()).unwrap();
    let one = add(1);
    let first = runtime();
    let key = first.block_on(async {
        let key = session(&store).await;
        let (mut alone, mut waits) =
            (Box::pin(store.update(&key, &one)), Box::pin(store.update(&key, &one)));
        poll_once(&mut alone);
        poll_once(&mut waits);
        key
    });
    drop(first);
    runtime().block_on(async {
        // The connection ended with its runtime. The first request may have to find that out.
        let _ = store.load(&key).await;
        let _ = store.update(&key, &one).await;
        ask::<()>(server.url(), redis::cmd("CONFIG").arg("RESETSTAT"));
        let updates = [(); 3].map(|()| store.update(&key, &one));
        assert!(join_all(updates).await.iter().all(Result::is_ok));
        // The first update is sent directly, and the others share a call, as usual.
        assert_eq!(info(server.url(), "cmdstat_evalsha"), Some(2));
    });
}

/// A request does not wait for another runtime that ends or hangs.
#[test]
fn runtimes_do_not_wait_for_each_other() {
    let Some((store, _)) = store() else { return };
    let one = add(1);
    let (works, hangs, ended) = (runtime(), runtime(), runtime());
    let key = works.block_on(session(&store));
    let mut alone = Box::pin(store.update(&key, &one));
    {
        let _inside = works.enter();
        poll_once(&mut alone);
    }
    let handle = ended.handle().clone();
    drop(ended);
    let in_ended = {
        // The flush is dropped as soon as it is spawned.
        let _inside = handle.enter();
        let mut waits = Box::pin(store.update(&key, &one));
        let polled = waits.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        matches!(polled, Poll::Ready(Err(_)))
    };
    assert!(in_ended);
    let mut waits = Box::pin(store.update(&key, &one));
    {
        let _inside = hangs.enter();
        poll_once(&mut waits);
    }
    works.block_on(async {
        let others = async {
            assert_eq!(store.update(&key, &one).await.unwrap(), Updated::Applied);
            assert!(matches!(store.load(&key).await.unwrap(), Loaded::Live(_)));
            assert_eq!(alone.await.unwrap(), Updated::Applied);
        };
        tokio::time::timeout(Duration::from_secs(10), others).await.expect("it waits");
    });
    std::thread::scope(|scope| {
        // The connection belongs to this runtime.
        let (done, until_done) = oneshot::channel::<()>();
        scope.spawn(|| works.block_on(until_done));
        assert_eq!(hangs.block_on(waits).unwrap(), Updated::Applied);
        drop(done);
    });
}

#[test]
fn a_thread_that_hangs_before_it_sent_what_it_should() {
    let Some((store, _)) = store() else { return };
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let key = runtime.block_on(session(&store));
    let go_on = Arc::new(AtomicBool::new(false));
    let (has_begun, until_begun) = oneshot::channel();
    let hangs = runtime.spawn({
        let (store, go_on) = (store.clone(), go_on.clone());
        async move {
            let (one, ten) = (add(1), add(10));
            let mut both = Box::pin(join(store.update(&key, &one), store.update(&key, &ten)));
            poll_once(&mut both);
            has_begun.send(()).unwrap();
            while !go_on.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
            }
            both.await
        }
    });
    runtime.block_on(async {
        // If another update came first, its flush would send what the hanging thread should.
        until_begun.await.unwrap();
        let began = Instant::now();
        // More updates join. One of them spawns another flush.
        let updates = (0..).map(|_| {
            let store = store.clone();
            async move { store.update(&key, &add(100)).await }
        });
        let mut under_way = Vec::new();
        for update in updates {
            under_way.push(tokio::spawn(update));
            tokio::time::sleep(Duration::from_millis(10)).await;
            if under_way.len() > 3 && under_way.iter().all(JoinHandle::is_finished) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "nobody sends it");
        }
        go_on.store(true, Ordering::Relaxed);
        let (one, ten) = hangs.await.unwrap();
        assert_eq!((one.unwrap(), ten.unwrap()), (Updated::Applied, Updated::Applied));
        assert_eq!(number_of(&store, &key).await, (11 + 100 * under_way.len()).to_string());
    });
}
