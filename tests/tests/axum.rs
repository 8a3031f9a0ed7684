//! The axum adapter, with other layers and extractors.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use session_runtime::axum::{CsrfLayer, SessionLayer, SessionRejection};
use session_runtime::csrf::{Csrf, CsrfError, CsrfPolicy};
use session_runtime::store::MemoryStore;
use session_runtime::{
    CookieOptions, Keyring, Session, SessionError, SessionHandle, SessionSchema, Sessions,
};
use tower::ServiceExt;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
    trail: Vec<String>,
}

fn sessions(cookie: CookieOptions) -> Sessions {
    Sessions::builder(MemoryStore::new())
        .keys(Keyring::new([[7; 32]]).unwrap())
        .cookie(cookie)
        .build()
        .unwrap()
}

fn layer() -> SessionLayer {
    SessionLayer::new(sessions(CookieOptions::new()))
}

async fn ask(app: &Router, cookie: Option<&str>) -> Response {
    let mut request = Request::get("/");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn cookies(response: &Response) -> Vec<String> {
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

fn step(session: &Session<Visit>, name: &'static str) {
    session.update_trail(move |trail| trail.push(name.to_owned()));
}

/// An extractor of the application that needs the session.
struct Steps(Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Steps {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let session = Session::<Visit>::from_request_parts(parts, state).await?;
        step(&session, "extractor");
        Ok(Self(session.trail()))
    }
}

#[tokio::test]
async fn middlewares_extractors_and_handlers_share_the_session() {
    async fn around(session: Session<Visit>, request: Request, next: Next) -> Response {
        step(&session, "middleware");
        let response = next.run(request).await;
        assert_eq!(session.trail(), ["middleware", "extractor", "handler"]);
        step(&session, "afterwards");
        response
    }
    async fn handler(Steps(before): Steps, session: Session<Visit>) -> String {
        step(&session, "handler");
        before.join(" ")
    }
    async fn read(session: Session<Visit>) -> String {
        session.trail().join(" ")
    }
    let app = Router::new()
        .route("/", get(handler).route_layer(middleware::from_fn(around)).post(read))
        .layer(layer());
    let response = ask(&app, None).await;
    let cookie = cookies(&response).remove(0);
    assert_eq!(body(response).await, "middleware extractor");
    let request = Request::post("/").header(header::COOKIE, &cookie).body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(body(response).await, "middleware extractor handler afterwards");
}

async fn count(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

#[tokio::test]
async fn nested_layers_of_one_sessions_share_it() {
    let layer = layer();
    let app = Router::new().route("/", get(count)).layer(layer.clone()).layer(layer);
    let response = ask(&app, None).await;
    let cookies = cookies(&response);
    assert_eq!(cookies.len(), 1);
    assert_eq!(response.headers().get_all(header::VARY).iter().count(), 1);
    assert_eq!(body(ask(&app, Some(&cookies[0])).await).await, "2");
}

#[tokio::test]
async fn of_two_sessions_handlers_see_the_inner_one() {
    async fn outer(handle: SessionHandle, mut request: Request, next: Next) -> Response {
        handle.session::<Visit>().await.unwrap().add_counter(100);
        request.extensions_mut().insert(handle);
        next.run(request).await
    }
    let inner = SessionLayer::new(sessions(CookieOptions::new().name("inner")));
    let app = Router::new()
        .route("/", get(count))
        .layer(inner)
        .layer(middleware::from_fn(outer))
        .layer(layer());
    let response = ask(&app, None).await;
    assert_eq!(cookies(&response).len(), 2);
    assert_eq!(body(response).await, "1");
}

#[tokio::test]
async fn a_handlers_own_cache_control_and_cookies_stay() {
    async fn handler(session: Session<Visit>) -> impl IntoResponse {
        session.add_counter(1);
        [(header::CACHE_CONTROL, "private"), (header::SET_COOKIE, "theme=dark")]
    }
    let app = Router::new().route("/", get(handler)).layer(layer());
    let response = ask(&app, None).await;
    assert_eq!(response.headers().get_all(header::CACHE_CONTROL).iter().count(), 1);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "private");
    let cookies = cookies(&response);
    assert_eq!(cookies.len(), 2);
    assert!(cookies.contains(&"theme=dark".to_owned()));
}

#[tokio::test]
async fn a_session_that_does_not_decode_is_an_empty_500_that_the_handle_can_end() {
    #[derive(SessionSchema)]
    struct Other {
        #[session(key = "counter")]
        counter: String,
    }
    let store = Arc::new(MemoryStore::new());
    let layer = || {
        let sessions = Sessions::builder(store.clone()).keys(Keyring::new([[7; 32]]).unwrap());
        SessionLayer::new(sessions.build().unwrap())
    };
    async fn write(session: Session<Other>) {
        session.set_counter("many".into());
    }
    async fn end(handle: SessionHandle) -> StatusCode {
        match handle.session::<Visit>().await {
            Ok(_) => StatusCode::OK,
            Err(error) if error.is_mismatch() => match handle.destroy().await {
                Ok(()) => StatusCode::RESET_CONTENT,
                Err(error) => error.status(),
            },
            Err(error) => error.status(),
        }
    }
    let older = Router::new().route("/", get(write)).layer(layer());
    let newer = Router::new().route("/", get(count)).layer(layer());
    let repairing = Router::new().route("/", get(end)).layer(layer());
    let cookie = cookies(&ask(&older, None).await).remove(0);
    let response = ask(&newer, Some(&cookie)).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(cookies(&response), [""; 0]);
    assert_eq!(body(response).await, "");
    let response = ask(&repairing, Some(&cookie)).await;
    assert_eq!(response.status(), StatusCode::RESET_CONTENT);
    assert!(cookies(&response)[0].ends_with('='), "removed");
}

#[tokio::test]
async fn a_handler_passes_errors_on() {
    async fn overtaken(
        session: Session<Visit>,
        Extension(sessions): Extension<Sessions>,
    ) -> Result<&'static str, SessionError> {
        session.add_counter(1);
        session.commit().await?;
        sessions.delete(&session.id().unwrap().parse().unwrap()).await?;
        session.add_counter(1);
        session.commit().await?;
        Ok("counted")
    }
    let sessions = sessions(CookieOptions::new());
    let app = Router::new()
        .route("/", get(overtaken))
        .layer(Extension(sessions.clone()))
        .layer(SessionLayer::new(sessions));
    let response = ask(&app, None).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(body(response).await, "");
}

#[tokio::test]
async fn a_stream_saves_after_the_response_has_begun() {
    async fn handler(
        session: Session<Visit>,
        Extension(done): Extension<Arc<tokio::sync::Notify>>,
    ) {
        session.add_counter(1);
        tokio::spawn(async move {
            // The response goes first.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            session.add_counter(10);
            session.commit().await.unwrap();
            done.notify_one();
        });
    }
    async fn read(session: Session<Visit>) -> String {
        session.counter().to_string()
    }
    let done = Arc::new(tokio::sync::Notify::new());
    let app = Router::new()
        .route("/", get(handler).post(read))
        .layer(Extension(done.clone()))
        .layer(layer());
    let cookie = cookies(&ask(&app, None).await).remove(0);
    done.notified().await;
    let request = Request::post("/").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    assert_eq!(body(app.oneshot(request).await.unwrap()).await, "11");
}

/// A page with a token, and the route of its form. The application replaces refusals with its own
/// page.
fn guarded() -> Router {
    async fn page(csrf: Csrf) -> String {
        csrf.token()
    }
    async fn explain(request: Request, next: Next) -> Response {
        let response = next.run(request).await;
        match response.extensions().get::<CsrfError>() {
            Some(error) if error.is_cross_origin() => "not from here".into_response(),
            _ => response,
        }
    }
    Router::new()
        .route("/", get(page).post(count))
        .layer(CsrfLayer::new(CsrfPolicy::new()))
        .layer(layer())
        .layer(middleware::from_fn(explain))
}

fn form(body: impl Into<Body>) -> Request {
    let form = "application/x-www-form-urlencoded";
    Request::post("/").header(header::CONTENT_TYPE, form).body(body.into()).unwrap()
}

#[tokio::test]
async fn a_layer_around_sees_why_a_request_was_refused() {
    let request = Request::post("/").header(header::ORIGIN, "https://evil.example");
    let response = guarded().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(body(response).await, "not from here");
    let response = guarded().oneshot(form("")).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.extensions().get::<CsrfError>().unwrap().is_token_missing());
    assert_eq!(body(response).await, "");
    let response = guarded().oneshot(form(format!("csrf_token={}", "A".repeat(64)))).await.unwrap();
    assert!(response.extensions().get::<CsrfError>().unwrap().is_token_wrong());
}

#[tokio::test]
async fn the_authority_of_http_2_is_the_host() {
    for (uri, said) in [("https://tea.example/", "1"), ("https://b.example/", "not from here")] {
        let request = Request::post(uri).header(header::ORIGIN, "https://tea.example");
        let response = guarded().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(body(response).await, said);
    }
}

#[tokio::test]
async fn a_form_that_is_too_long_to_look_for_a_token_is_refused() {
    // The limit holds even if the application allows its handlers more.
    for app in [guarded(), guarded().layer(axum::extract::DefaultBodyLimit::disable())] {
        let long = form(format!("x={}&csrf_token=", "x".repeat(3_000_000)));
        let response = app.oneshot(long).await.unwrap();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
