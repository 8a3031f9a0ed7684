//! The metrics.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use session_runtime::store::{MemoryStore, RedisStore};
use session_runtime::testing::ManualClock;
use session_runtime::{
    CookieCommand, Keyring, Session, SessionHandle, SessionSchema, Sessions, SessionsBuilder,
    metrics as names,
};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
    items: Vec<String>,
    #[session(principal)]
    user_id: Option<u64>,
}

/// The metrics that are recorded on this thread, which belongs to one test.
struct Recorded {
    snapshotter: Snapshotter,
    _local: metrics::LocalRecorderGuard<'static>,
}

impl Recorded {
    fn begin() -> Self {
        let recorder: &'static DebuggingRecorder = Box::leak(Box::new(DebuggingRecorder::new()));
        let _local = metrics::set_default_local_recorder(recorder);
        Self { snapshotter: recorder.snapshotter(), _local }
    }

    /// The counts since the last call, by name and label. A histogram has its number of values.
    fn take(&self) -> BTreeMap<String, u64> {
        let mut taken = BTreeMap::new();
        for (key, unit, description, value) in self.snapshotter.snapshot().into_vec() {
            let (_, key) = key.into_parts();
            assert!(unit.is_some() && description.is_some(), "{key} is described");
            let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
            let name = format!("{}{}", key.name(), labels.collect::<String>());
            let count = match value {
                DebugValue::Counter(count) => count,
                DebugValue::Histogram(values) => {
                    assert!(values.iter().all(|seconds| (0.0..60.0).contains(&seconds.0)));
                    values.len() as u64
                }
                DebugValue::Gauge(_) => panic!("{name}"),
            };
            if count > 0 {
                taken.insert(name, count);
            }
        }
        taken
    }

    /// Asserts the counts since the last call, without the durations of calls.
    fn counted(&self, expected: &[(&str, &str, u64)]) {
        let mut taken = self.take();
        taken.retain(|name, _| !name.starts_with(names::STORE_DURATION));
        let expected =
            expected.iter().map(|(name, label, count)| (format!("{name}{label}"), *count));
        assert_eq!(taken, expected.collect());
    }
}

fn build(builder: SessionsBuilder) -> Sessions {
    builder.keys(Keyring::new([[7; 32]]).unwrap()).build().unwrap()
}

fn begin(sessions: &Sessions, cookie: &Option<String>) -> SessionHandle {
    sessions.begin(cookie.iter().map(|cookie| cookie.parse().unwrap()))
}

/// Runs `handler` in one request, from beginning to end.
async fn visit(
    sessions: &Sessions,
    cookie: &mut Option<String>,
    handler: impl FnOnce(&Session<Visit>),
) {
    let handle = begin(sessions, cookie);
    handler(&handle.session().await.unwrap());
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    if let CookieCommand::Set(cookies) = finished.cookie {
        *cookie = cookies.iter().next().unwrap().split(';').next().map(str::to_owned);
    }
}

#[tokio::test]
async fn requests_are_counted_by_what_they_do() {
    use names::{CONFLICTS, ENDS, LOADS, REFUSED_COOKIES, SAVES};

    let recorded = Recorded::begin();
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    let sessions = build(Sessions::builder(store).clock(clock.clone()));
    let mut cookie = None;
    let add = |session: &Session<Visit>| session.set_counter(session.counter() + 1);
    let read = |session: &Session<Visit>| assert!(session.items().len() < 3);

    visit(&sessions, &mut cookie, read).await;
    recorded.counted(&[(LOADS, " outcome=none", 1)]);
    visit(&sessions, &mut cookie, add).await;
    recorded.counted(&[(LOADS, " outcome=none", 1), (SAVES, " kind=create", 1)]);
    visit(&sessions, &mut cookie, read).await;
    recorded.counted(&[(LOADS, " outcome=live", 1)]);
    visit(&sessions, &mut cookie, add).await;
    recorded.counted(&[(LOADS, " outcome=live", 1), (SAVES, " kind=update", 1)]);
    let old = cookie.clone();
    visit(&sessions, &mut cookie, |session| session.set_user_id(Some(7))).await;
    recorded.counted(&[(LOADS, " outcome=live", 1), (SAVES, " kind=renew", 1)]);
    visit(&sessions, &mut old.clone(), read).await;
    recorded.counted(&[(LOADS, " outcome=gone", 1), (REFUSED_COOKIES, " reason=gone", 1)]);
    clock.advance(Duration::from_secs(600));
    visit(&sessions, &mut cookie, read).await;
    recorded.counted(&[(LOADS, " outcome=live", 1), (SAVES, " kind=touch", 1)]);

    let handles = [begin(&sessions, &cookie), begin(&sessions, &cookie)];
    for handle in &handles {
        let session = handle.session::<Visit>().await.unwrap();
        session.update_items(|items| items.push("x".to_owned()));
    }
    for handle in handles {
        assert!(handle.finish(StatusCode::OK).await.error.is_none());
    }
    recorded.counted(&[
        (CONFLICTS, "", 1),
        (LOADS, " outcome=live", 2),
        (SAVES, " kind=update", 2),
    ]);

    visit(&sessions, &mut cookie, |session| session.destroy()).await;
    recorded.counted(&[(ENDS, " by=destroy", 1), (LOADS, " outcome=live", 1)]);
    for _ in 0..3 {
        sessions.issue::<Visit>(|session| session.set_user_id(Some(7))).await.unwrap();
    }
    let listed = sessions.list::<Visit>(&7).await.unwrap();
    recorded.take();
    sessions.delete(&listed[0].key).await.unwrap();
    sessions.delete_all::<Visit>(&7).await.unwrap();
    recorded.counted(&[(ENDS, " by=delete", 1), (ENDS, " by=delete_all", 2)]);
    for (value, reason) in [("x".to_owned(), "malformed"), ("A".repeat(43), "forged")] {
        visit(&sessions, &mut Some(format!("__Host-id={value}")), read).await;
        let reason = format!(" reason={reason}");
        recorded.counted(&[(LOADS, " outcome=none", 1), (REFUSED_COOKIES, &reason, 1)]);
    }
    // A request that does not ask for its session is not counted.
    let _ = begin(&sessions, &cookie).finish(StatusCode::OK).await;
    recorded.counted(&[]);
}

#[tokio::test]
async fn calls_of_a_store_are_timed_and_their_failures_counted() {
    if test_servers::is_left_out(test_servers::Kind::Redis) {
        return;
    }
    let mut server = test_servers::Kind::Redis.start().unwrap();
    let recorded = Recorded::begin();
    let store = RedisStore::open(server.url()).unwrap();
    let sessions = build(Sessions::builder(store));
    let mut cookie = None;
    let timed = || {
        let mut taken = recorded.take();
        taken.retain(|name, _| {
            name.starts_with(names::STORE_DURATION) || name.starts_with(names::STORE_ERRORS)
        });
        let pairs = taken.into_iter();
        pairs.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>()
    };
    let duration = |operation| format!("session_store_duration_seconds operation={operation} 1");
    let error = |operation| format!("session_store_errors_total operation={operation} 1");

    visit(&sessions, &mut cookie, |session| session.set_counter(1)).await;
    assert_eq!(timed(), [duration("create")]);
    visit(&sessions, &mut cookie, |session| session.set_user_id(Some(7))).await;
    assert_eq!(timed(), [duration("load"), duration("rename")]);
    sessions.list::<Visit>(&7).await.unwrap();
    sessions.delete_all::<Visit>(&7).await.unwrap();
    sessions.health().await.unwrap();
    assert_eq!(timed(), [duration("delete_all"), duration("health"), duration("list")]);

    server.kill();
    assert!(begin(&sessions, &cookie).session::<Visit>().await.is_err());
    assert_eq!(timed(), [duration("load"), error("load")]);
    assert!(sessions.health().await.is_err());
    assert_eq!(timed(), [duration("health"), error("health")]);
}
