//! What operators read in the log.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::cell::RefCell;
use std::sync::{Arc, Once};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use session_runtime::axum::{CsrfLayer, SessionLayer};
use session_runtime::csrf::{Csrf, CsrfPolicy};
use session_runtime::store::MemoryStore;
use session_runtime::{Keyring, Session, SessionSchema, Sessions};
use tower::ServiceExt;

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

/// What `tracing` writes on this thread, which is the test's own.
///
/// One subscriber serves all tests, and each of them begins with it. With one for each thread, an
/// event that a thread without a subscriber meets first would be off everywhere.
struct Log;

impl Log {
    fn begin() -> Self {
        static SUBSCRIBER: Once = Once::new();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG);
        SUBSCRIBER.call_once(|| subscriber.with_writer(|| Log).init());
        WRITTEN.take();
        Self
    }

    fn text(&self) -> String {
        String::from_utf8(WRITTEN.with_borrow(Vec::clone)).unwrap()
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
    let log = Log::begin();
    let done = Arc::new(tokio::sync::Notify::new());
    let app = Router::new()
        .route("/", get(late).post(never))
        .layer(Extension(done.clone()))
        .layer(layer());
    let response = app.clone().oneshot(Request::new(Body::empty())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!log.text().contains("WARN"), "{}", log.text());
    done.notified().await;
    assert!(log.text().contains("session changes were never committed"), "{}", log.text());

    // The client goes away while the handler runs.
    let request = app.oneshot(Request::post("/").body(Body::empty()).unwrap());
    let patience = std::time::Duration::from_millis(10);
    assert!(tokio::time::timeout(patience, request).await.is_err());
    assert!(log.text().contains("a request ended without a response"), "{}", log.text());
}
