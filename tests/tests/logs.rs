//! The events in the log.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::cell::RefCell;
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use session_runtime::axum::{CsrfLayer, SessionLayer};
use session_runtime::csrf::{Csrf, CsrfPolicy};
use session_runtime::store::{MemoryStore, RedisStore};
use session_runtime::testing::{Fault, FaultyStore, ManualClock, Operation};
use session_runtime::{
    CookieCommand, CookieStore, Keyring, Session, SessionError, SessionSchema, Sessions,
};
use tower::ServiceExt;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
}

async fn count(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

fn layer() -> SessionLayer {
    let sessions = Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]]).unwrap());
    SessionLayer::new(sessions.build().unwrap())
}

fn csrf() -> CsrfLayer {
    CsrfLayer::new(CsrfPolicy::new())
}

thread_local! {
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The lines that `tracing` writes on this thread, which belongs to one test.
///
/// All tests share one subscriber, and each of them sets it first. With a subscriber for each
/// thread, an event that first happens on a thread without a subscriber would be disabled on all
/// threads.
struct Log;

impl Log {
    fn begin() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG);
            let subscriber = subscriber.with_ansi(false).without_time().with_target(false);
            subscriber.with_span_events(FmtSpan::NEW).with_writer(|| Log).init();
        });
        WRITTEN.take();
        Self
    }

    fn text(&self) -> String {
        String::from_utf8(WRITTEN.with_borrow(Vec::clone)).unwrap()
    }

    /// The lines that were written since the last call.
    fn take(&self) -> Vec<String> {
        let text = String::from_utf8(WRITTEN.take()).unwrap();
        text.lines().map(|line| line.trim_start().to_owned()).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.with_borrow_mut(|written| written.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_missing_layer_is_an_empty_500_and_named_in_the_log() {
    let log = Log::begin();
    let app = Router::new().route("/", get(count));
    let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(axum::body::to_bytes(response.into_body(), 1_000).await.unwrap(), "");
    let log = log.text();
    assert!(log.contains("session_runtime::axum::SessionLayer"), "{log}");
}

#[tokio::test]
async fn a_refused_request_is_in_the_log_with_the_reason_and_no_token() {
    let log = Log::begin();
    let app = Router::new().route("/", get(count).post(count)).layer(csrf()).layer(layer());
    let token = "A".repeat(64);
    let request = Request::post("/").header("x-csrf-token", &token).body(Body::empty());
    let response = app.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let log = log.text();
    assert!(log.contains("DEBUG") && log.contains("refused as forged"), "{log}");
    assert!(log.contains("token-wrong"), "{log}");
    assert!(!log.contains(&token), "{log}");
}

#[tokio::test]
async fn a_csrf_layer_that_is_missing_or_in_the_wrong_place_is_an_empty_500_and_named_in_the_log() {
    async fn page(csrf: Csrf) -> String {
        csrf.token()
    }
    let page = || Router::new().route("/", get(page));
    let other = || Router::new().route("/", get(|| async {}));
    for (app, missing) in [
        (page().layer(layer()), "CsrfLayer::new"),
        (page().layer(layer()).layer(csrf()), "SessionLayer::new"),
        (other().layer(csrf()), "SessionLayer::new"),
    ] {
        let log = Log::begin();
        let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(axum::body::to_bytes(response.into_body(), 1_000).await.unwrap(), "");
        let log = log.text();
        assert!(log.contains(missing), "{log}");
    }
    let right = page().layer(csrf()).layer(layer());
    let response = right.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn changes_that_nobody_saves_are_named_in_the_log() {
    async fn late(session: Session<Visit>, Extension(done): Extension<Arc<tokio::sync::Notify>>) {
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            session.add_counter(1);
            drop(session);
            done.notify_one();
        });
    }
    async fn never(session: Session<Visit>) {
        session.add_counter(1);
        std::future::pending::<()>().await;
    }
    async fn remembered(session: Session<Visit>) {
        session.remember(true); // nothing to save for a visitor without data
    }
    let log = Log::begin();
    let done = Arc::new(tokio::sync::Notify::new());
    let app = Router::new()
        .route("/", get(late).post(never).put(remembered))
        .layer(Extension(done.clone()))
        .layer(layer());
    for request in [Request::put("/"), Request::get("/")] {
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!log.text().contains("WARN"), "{}", log.text());
    }
    done.notified().await;
    assert!(log.text().contains("session changes were never committed"), "{}", log.text());

    // The client goes away while the handler runs.
    let request = app.oneshot(Request::post("/").body(Body::empty()).unwrap());
    let patience = std::time::Duration::from_millis(10);
    assert!(tokio::time::timeout(patience, request).await.is_err());
    assert!(log.text().contains("a request ended without a response"), "{}", log.text());
}

#[derive(SessionSchema)]
struct Account {
    name: Option<String>,
    items: Vec<String>,
    #[session(principal)]
    user_id: Option<u64>,
}

const NAME: &str = "Rumpelstiltskin";
const USER_ID: u64 = 987_654_321;

/// Runs `handler` in one request, from beginning to end.
async fn visit(
    sessions: &Sessions,
    cookie: &mut Option<String>,
    handler: impl FnOnce(&Session<Account>),
) -> Option<SessionError> {
    let handle = sessions.begin(cookie.iter().map(|cookie| cookie.parse().unwrap()));
    match handle.session().await {
        Ok(session) => handler(&session),
        Err(error) => return Some(error),
    }
    let finished = handle.finish(StatusCode::OK).await;
    if let CookieCommand::Set(cookies) = finished.cookie {
        *cookie = cookies.iter().next().unwrap().split(';').next().map(str::to_owned);
    }
    finished.error
}

#[tokio::test]
async fn the_work_on_a_session_is_told_without_its_ids_and_values() {
    let log = Log::begin();
    let clock = ManualClock::default();
    let sessions = Sessions::builder(MemoryStore::with_clock(clock.clone()))
        .keys(Keyring::new([[7; 32]]).unwrap())
        .clock(clock.clone())
        .build()
        .unwrap();
    let mut cookie = None;
    let (mut told, mut secrets) = (Vec::new(), Vec::new());
    let mut note = |cookie: &Option<String>, ids: Vec<String>| {
        told.extend(log.take());
        secrets.extend(cookie.iter().map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
        secrets.extend(ids);
    };
    visit(&sessions, &mut cookie, |session| session.set_name(Some(NAME.to_owned()))).await;
    note(&cookie, vec![]);
    let mut ids = Vec::new();
    visit(&sessions, &mut cookie, |session| {
        ids.extend(session.id());
        session.set_user_id(Some(USER_ID));
    })
    .await;
    note(&cookie, ids);

    // Two requests change one field at the same time.
    let begin = || sessions.begin(cookie.iter().map(|cookie| cookie.parse().unwrap()));
    let (one, two) = (begin(), begin());
    for handle in [&one, &two] {
        let session = handle.session::<Account>().await.unwrap();
        session.update_items(|items| items.push("x".to_owned()));
    }
    for handle in [one, two] {
        assert!(handle.finish(StatusCode::OK).await.error.is_none());
    }
    clock.advance(Duration::from_secs(600));
    visit(&sessions, &mut cookie, |session| drop(session.name())).await;
    let old = cookie.clone();
    visit(&sessions, &mut cookie, |session| session.destroy()).await;
    visit(&sessions, &mut old.clone(), |session| drop(session.name())).await;
    sessions.delete_all::<Account>(&USER_ID).await.unwrap();
    let sweeper = sessions.sweep_every(Duration::from_secs(60));
    clock.advance(Duration::from_secs(24 * 60 * 60));
    tokio::task::yield_now().await;
    sweeper.stop().await;
    note(&None, vec![]);

    let asked = |operation: &str| format!("DEBUG session_store{{operation={operation:?}}}: new");
    let expected: [String; 29] = [
        asked("create"),
        "DEBUG a session was created fields=1".into(),
        asked("load"),
        "DEBUG a session was loaded fields=1".into(),
        asked("rename"),
        "DEBUG a session was renewed fields=1 conflicts=0".into(),
        asked("load"),
        "DEBUG a session was loaded fields=2".into(),
        asked("load"),
        "DEBUG a session was loaded fields=2".into(),
        asked("update"),
        "DEBUG a session was updated fields=1 conflicts=0".into(),
        asked("update"),
        asked("update"),
        "DEBUG a session was updated fields=1 conflicts=1".into(),
        asked("load"),
        "DEBUG a session was loaded fields=3".into(),
        asked("update"),
        "DEBUG a session was touched".into(),
        asked("load"),
        "DEBUG a session was loaded fields=3".into(),
        asked("delete"),
        "DEBUG sessions were deleted by=\"destroy\" count=1".into(),
        asked("load"),
        "DEBUG a session cookie was refused reason=\"gone\"".into(),
        asked("delete_all"),
        "DEBUG sessions were deleted by=\"delete_all\" count=0".into(),
        asked("sweep"),
        "DEBUG expired sessions were removed count=2".into(),
    ];
    assert_eq!(told, expected);
    secrets.extend([NAME.to_owned(), USER_ID.to_string()]);
    assert_eq!(secrets.len(), 5);
    for (secret, line) in
        secrets.iter().flat_map(|secret| told.iter().map(move |line| (secret, line)))
    {
        assert!(!line.contains(secret.as_str()), "{secret} in {line}");
    }
}

#[tokio::test]
async fn what_the_sessions_cannot_do_is_in_the_log() {
    let log = Log::begin();
    let sessions = Sessions::builder(CookieStore::sealed())
        .keys(Keyring::new([[7; 32]]).unwrap())
        .build()
        .unwrap();
    let devices = async move || -> Result<String, SessionError> {
        Ok(sessions.list::<Account>(&USER_ID).await?.len().to_string())
    };
    let app = Router::new().route("/", get(devices));
    let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(log.text().contains("ERROR"), "{}", log.text());
}

#[tokio::test]
async fn a_sweep_that_is_stopped_half_way_ends_well() {
    let log = Log::begin();
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    store.fail(Operation::Sweep, Fault::Slow(Duration::from_millis(20)));
    let builder = Sessions::builder(store.clone()).keys(Keyring::new([[7; 32]]).unwrap());
    let sweeper = builder.build().unwrap().sweep_every(Duration::from_secs(60));
    while store.take_calls().is_empty() {
        tokio::task::yield_now().await;
    }
    sweeper.stop().await;
    assert!(!log.text().contains("ERROR"), "{}", log.text());
}

#[tokio::test]
async fn a_refused_cookie_is_told_with_its_reason() {
    let log = Log::begin();
    let sessions = Sessions::builder(MemoryStore::new())
        .keys(Keyring::new([[7; 32]]).unwrap())
        .build()
        .unwrap();
    let forged = format!("__Host-id={}", "A".repeat(43));
    for (cookie, reason) in [("__Host-id=abc", "malformed"), (&forged, "forged")] {
        visit(&sessions, &mut Some(cookie.to_owned()), |_| {}).await;
        let told = format!("DEBUG a session cookie was refused reason={reason:?}");
        assert_eq!(log.take(), [told]);
    }
}

#[tokio::test]
async fn a_store_that_fails_is_told_once_with_what_it_was_asked() {
    if test_servers::is_left_out(test_servers::Kind::Redis) {
        return;
    }
    let mut server = test_servers::Kind::Redis.start().unwrap();
    let log = Log::begin();
    let store = RedisStore::open(server.url()).unwrap();
    let sessions = Sessions::builder(store).keys(Keyring::new([[7; 32]]).unwrap()).build().unwrap();
    let mut cookie = None;
    visit(&sessions, &mut cookie, |session| session.set_name(Some(NAME.to_owned()))).await;
    let handle = sessions.begin(cookie.iter().map(|cookie| cookie.parse().unwrap()));
    handle.session::<Account>().await.unwrap().set_name(None);
    log.take();

    server.kill();
    let app = Router::new()
        .route("/", get(|_: Session<Account>| async {}))
        .layer(SessionLayer::new(sessions.clone()));
    let request = Request::get("/").header("cookie", cookie.unwrap()).body(Body::empty());
    let response = app.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let error = handle.finish(StatusCode::OK).await.error.unwrap();
    assert!(error.is_store());
    assert!(sessions.health().await.unwrap_err().is_store());
    let mut told = log.take();
    told.retain(|line| line.starts_with("ERROR"));
    assert_eq!(told.len(), 3, "{told:?}");
    for (line, operation) in told.iter().zip(["load", "update", "health"]) {
        let begins = format!("ERROR the session store failed operation={operation:?} error=");
        assert!(line.starts_with(&begins), "{line}");
        assert!(line.len() > begins.len() + 30, "the cause is named: {line}");
    }

    server.start_again().unwrap();
    assert!(sessions.health().await.unwrap() > Duration::ZERO);
}
