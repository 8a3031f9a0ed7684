//! What visitors see when the store's server is missing, is killed, comes back or hangs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_servers::Kind;

use crate::browser::{Answer, Browser};
use crate::server::{Data, Framework, Server, with_option};

/// A kind of server, and how it differs from others.
pub(crate) struct Backend {
    kind: Kind,
    /// Starts a server that keeps every acknowledged write.
    start: fn() -> Result<test_servers::Server, test_servers::Error>,
    /// More options of the store.
    options: &'static [(&'static str, &'static str)],
    /// How long the store may need to notice that the server is back.
    notices_within: Duration,
    /// The server that fails: this one, or one behind it.
    pub(crate) failing: fn(&mut test_servers::Server) -> &mut test_servers::Server,
}

pub(crate) const REDIS: Backend = Backend {
    kind: Kind::Redis,
    start: || test_servers::start_redis(&["--appendonly", "yes", "--appendfsync", "always"]),
    options: &[],
    notices_within: Duration::ZERO,
    failing: |server| server,
};

pub(crate) const REDIS_CLUSTER: Backend = Backend {
    kind: Kind::RedisCluster,
    start: || {
        test_servers::start_redis_cluster(&["--appendonly", "yes", "--appendfsync", "always"])
    },
    options: &[],
    // The client retries lost servers from time to time. Servers that were all stopped must also
    // elect their primaries again.
    notices_within: Duration::from_secs(10),
    failing: |server| server,
};

pub(crate) const POSTGRES: Backend = Backend {
    kind: Kind::Postgres,
    start: || Kind::Postgres.start(),
    options: &[("migrate", "true")],
    notices_within: Duration::ZERO,
    failing: |server| server,
};

const MONGODB: Backend = Backend {
    kind: Kind::MongoDb,
    start: || test_servers::start_mongodb(&["--sync-on-commit"]),
    options: &[],
    // The driver retries a lost server from time to time.
    notices_within: Duration::from_secs(20),
    failing: |server| server,
};

const WEBDIS: Backend = Backend {
    kind: Kind::Webdis,
    start: || test_servers::start_webdis(&["--appendonly", "yes", "--appendfsync", "always"], "[]"),
    options: &[],
    notices_within: Duration::ZERO,
    failing: |server| server,
};

pub(crate) const REDIS_BEHIND_WEBDIS: Backend = Backend {
    // Webdis retries a lost Redis from time to time.
    notices_within: Duration::from_secs(20),
    failing: |webdis| webdis.behind(),
    ..WEBDIS
};

/// The store's command timeout.
const TIMEOUT: Duration = Duration::from_millis(700);

/// The delay that a busy machine may add.
const GRACE: Duration = Duration::from_millis(1_500);

impl Backend {
    /// A server for one scenario; `None` if it was left out.
    pub(crate) fn start(&self) -> Option<test_servers::Server> {
        (!test_servers::is_left_out(self.kind)).then(|| (self.start)().unwrap())
    }

    /// An application that keeps its sessions there.
    pub(crate) fn site(&self, framework: Framework, server: &test_servers::Server) -> Server {
        let timeout = TIMEOUT.as_millis().to_string();
        let url = with_option(server.url(), "command_timeout_ms", &timeout);
        let with = |url: String, (name, value): &(&str, &str)| with_option(&url, name, value);
        let url = self.options.iter().fold(url, with);
        Server::start_on(framework, &Data::at(&url), &[])
    }

    /// Runs operations until they succeed, for as long as this store may need to notice the server.
    async fn is_back(&self, browser: &Browser, ops: Value) {
        let began = Instant::now();
        loop {
            match sends(browser, ops.clone()).await.status {
                StatusCode::OK => return,
                status => assert!(began.elapsed() < self.notices_within + GRACE, "{status}"),
            }
        }
    }
}

/// Sends operations, and asserts that the answer comes in time and is 200 or an empty 503.
pub(crate) async fn sends(browser: &Browser, ops: Value) -> Answer {
    let began = Instant::now();
    let answer = browser.send(ops).await;
    // A request loads and saves.
    assert!(began.elapsed() < TIMEOUT * 2 + GRACE, "{:?}", began.elapsed());
    if answer.status != StatusCode::OK {
        assert_eq!((answer.status, &*answer.body), (StatusCode::SERVICE_UNAVAILABLE, ""));
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
    }
    answer
}

async fn is_unavailable(browser: &Browser, ops: Value) {
    assert_eq!(sends(browser, ops).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

async fn starts_late(framework: Framework, backend: &Backend) {
    let Some(mut server) = backend.start() else { return };
    (backend.failing)(&mut server).kill();
    let site = backend.site(framework, &server);
    let ann = Browser::new(&site);
    is_unavailable(&ann, json!([["add_counter", 1]])).await;
    // Requests that need no session are served.
    assert_eq!(ann.request(Method::GET, "/none").await.status, StatusCode::OK);
    (backend.failing)(&mut server).start_again().unwrap();
    backend.is_back(&ann, json!([["set_name", "Ann"]])).await;
    assert_eq!(ann.ops(json!([["add_counter", 1], ["name"]])).await, json!([1, "Ann"]));
    assert_eq!(ann.ops(json!([["counter"]])).await, json!([1]));
}

async fn is_lost_and_found(framework: Framework, backend: &Backend) {
    let Some(mut server) = backend.start() else { return };
    let site = backend.site(framework, &server);
    let (ann, bob) = (Browser::new(&site), Browser::new(&site));
    ann.ops(json!([["add_counter", 1], ["set_user_id", 7]])).await;
    let cookie = ann.cookie();
    let token = ann.request(Method::GET, "/guarded/token").await.body;
    for round in 1..3 {
        (backend.failing)(&mut server).kill();
        // A request without a token is refused without asking the store.
        let guarded = ann.post("/guarded/op", &[], "").await;
        assert_eq!((guarded.status, &*guarded.body), (StatusCode::FORBIDDEN, ""));
        // Without the store nobody knows whether the token is right.
        let guarded = ann.post("/guarded/op", &[("x-csrf-token", &token)], "").await;
        assert_eq!((guarded.status, &*guarded.body), (StatusCode::SERVICE_UNAVAILABLE, ""));
        is_unavailable(&ann, json!([["counter"]])).await;
        is_unavailable(&ann, json!([["add_counter", 1]])).await;
        is_unavailable(&ann, json!([["destroy"]])).await;
        is_unavailable(&bob, json!([["set_name", "Bob"]])).await;
        for path in ["/principals/7", "/health"] {
            let answer = ann.request(Method::GET, path).await;
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        (backend.failing)(&mut server).start_again().unwrap();
        backend.is_back(&ann, json!([["counter"]])).await;
        // Nobody is signed out, and no change was saved that was reported as an error.
        let results = ann.ops(json!([["counter"], ["user_id"], ["add_counter", 1]])).await;
        assert_eq!(results, json!([round, 7, round + 1]));
        assert_eq!(ann.request(Method::GET, "/health").await.status, StatusCode::OK);
        assert_eq!(ann.cookie(), cookie);
    }
}

async fn hangs(framework: Framework, backend: &Backend) {
    let Some(mut server) = backend.start() else { return };
    let site = backend.site(framework, &server);
    let failing = (backend.failing)(&mut server);
    let ann = Browser::new(&site);
    ann.ops(json!([["add_counter", 1]])).await;
    // This request loads its session first, if the machine is not too busy, and saves while the
    // server hangs.
    let overtaken = sends(&ann, json!([["add_counter", 1], ["sleep_ms", 600]]));
    let pause = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        failing.pause();
        let began = Instant::now();
        is_unavailable(&ann, json!([["counter"], ["add_counter", 1]])).await;
        assert!(began.elapsed() >= TIMEOUT, "it hangs: {:?}", began.elapsed());
        // More requests than the store has connections.
        join_all((0..12).map(|_| is_unavailable(&ann, json!([["add_counter", 1]])))).await;
    };
    let (overtaken, ()) = tokio::join!(overtaken, pause);
    failing.resume();
    backend.is_back(&ann, json!([["counter"]])).await;
    // The outcome of the one write that got no answer is unknown, so it may be stored. No other
    // write was sent, because nothing could be loaded.
    let known = 1 + u64::from(overtaken.status == StatusCode::OK);
    let kept = settled(&ann).await;
    assert!((known..=2).contains(&kept), "{known} known, {kept} kept");
    assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([kept + 1]));
}

/// The counter, once the server has executed everything that it was sent.
async fn settled(browser: &Browser) -> u64 {
    let (mut kept, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_millis(300) {
        let results = browser.ops(json!([["counter"]])).await;
        let now = results[0].as_u64().unwrap();
        if now != kept {
            (kept, since) = (now, Instant::now());
        }
    }
    kept
}

async fn is_restarted_during_traffic(framework: Framework, backend: &Backend) {
    let Some(mut server) = backend.start() else { return };
    let site = backend.site(framework, &server);
    let ann = Browser::new(&site);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let stop = AtomicBool::new(false);
    let traffic = async || {
        let (mut saved, mut unknown) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            match sends(&ann, json!([["add_counter", 1]])).await.status {
                StatusCode::OK => saved += 1,
                _ => {
                    unknown += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        (saved, unknown)
    };
    let restarts = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let failing = backend.failing;
            let restart = tokio::task::spawn_blocking(move || {
                failing(&mut server).kill();
                std::thread::sleep(Duration::from_millis(300));
                failing(&mut server).start_again().unwrap();
                server
            });
            server = restart.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.store(true, Ordering::Relaxed);
        server
    };
    let (one, two, three, _server) = tokio::join!(traffic(), traffic(), traffic(), restarts);
    let (saved, unknown): (u64, u64) = (one.0 + two.0 + three.0, one.1 + two.1 + three.1);
    backend.is_back(&ann, json!([["counter"]])).await;
    let kept = settled(&ann).await;
    assert!(saved > 0 && unknown > 0, "{saved} saved, {unknown} unknown");
    assert!((saved..=saved + unknown).contains(&kept), "{saved}..={saved}+{unknown}, kept {kept}");
    assert_eq!(ann.ops(json!([["name"]])).await, json!(["Ann"]));
}

/// Defines the tests for each framework and server.
macro_rules! outages {
    ($($module:ident: $framework:ident, $backend:ident;)+) => {$(
        mod $module {
            use super::*;

            #[tokio::test]
            async fn starts_late() {
                super::starts_late(Framework::$framework, &$backend).await;
            }

            #[tokio::test]
            async fn is_lost_and_found() {
                super::is_lost_and_found(Framework::$framework, &$backend).await;
            }

            #[tokio::test]
            async fn hangs() {
                super::hangs(Framework::$framework, &$backend).await;
            }

            #[tokio::test]
            async fn is_restarted_during_traffic() {
                super::is_restarted_during_traffic(Framework::$framework, &$backend).await;
            }
        }
    )+};
}

outages! {
    axum_redis: Axum, REDIS;
    actix_redis: Actix, REDIS;
    axum_redis_cluster: Axum, REDIS_CLUSTER;
    actix_redis_cluster: Actix, REDIS_CLUSTER;
    axum_postgres: Axum, POSTGRES;
    actix_postgres: Actix, POSTGRES;
    axum_webdis: Axum, WEBDIS;
    actix_webdis: Actix, WEBDIS;
    axum_redis_behind_webdis: Axum, REDIS_BEHIND_WEBDIS;
    actix_redis_behind_webdis: Actix, REDIS_BEHIND_WEBDIS;
    axum_mongodb: Axum, MONGODB;
    actix_mongodb: Actix, MONGODB;
}
