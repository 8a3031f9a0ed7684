//! The poem adapter, with other middlewares and extractors.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::future::Future;
use std::task::{Context, Waker};

use poem::error::NotFoundError;
use poem::http::{Method, StatusCode, header};
use poem::web::Data;
use poem::{
    Endpoint, EndpointExt, Error, FromRequest, IntoResponse, Request, Response, Route, get,
    handler, post,
};
use session_runtime::csrf::{Csrf, CsrfError, CsrfPolicy};
use session_runtime::poem::{CsrfMiddleware, SessionMiddleware, SessionRejection};
use session_runtime::store::MemoryStore;
use session_runtime::{
    CookieOptions, Keyring, Session, SessionError, SessionHandle, SessionSchema, Sessions,
};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
    trail: Vec<String>,
}

fn sessions(name: &str) -> Sessions {
    Sessions::builder(MemoryStore::new())
        .keys(Keyring::new([[7; 32]]).unwrap())
        .cookie(CookieOptions::new().name(name))
        .build()
        .unwrap()
}

fn middleware() -> SessionMiddleware {
    SessionMiddleware::new(sessions("id"))
}

fn request(path: &str, cookie: Option<&str>) -> Request {
    let mut request = Request::builder().uri_str(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request.finish()
}

/// Status, cookies and body of the answer.
async fn ask(
    app: &impl Endpoint,
    path: &str,
    cookie: Option<&str>,
) -> (StatusCode, Vec<String>, String) {
    let response = app.get_response(request(path, cookie)).await;
    (response.status(), cookies(&response), response.into_body().into_string().await.unwrap())
}

fn cookies(response: &Response) -> Vec<String> {
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

fn step(session: &Session<Visit>, name: &'static str) {
    session.update_trail(move |trail| trail.push(name.to_owned()));
}

#[handler]
async fn count(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

#[tokio::test]
async fn middlewares_and_handlers_share_the_session() {
    async fn around(next: impl Endpoint, request: Request) -> poem::Result<Response> {
        let session = Session::<Visit>::from_request_without_body(&request).await?;
        step(&session, "middleware");
        let response = next.call(request).await?.into_response();
        assert_eq!(session.trail(), ["middleware", "handler"]);
        step(&session, "afterwards");
        Ok(response)
    }
    #[handler]
    async fn walk(session: Session<Visit>, again: Session<Visit>) -> String {
        step(&session, "handler");
        again.trail().join(" ")
    }
    #[handler]
    async fn read(session: Session<Visit>) -> String {
        session.trail().join(" ")
    }
    let app =
        Route::new().at("/", get(walk).around(around)).at("/read", get(read)).with(middleware());
    let (_, cookies, body) = ask(&app, "/", None).await;
    assert_eq!(body, "middleware handler");
    let (_, _, body) = ask(&app, "/read", Some(&cookies[0])).await;
    assert_eq!(body, "middleware handler afterwards");
}

#[tokio::test]
async fn a_handlers_error_keeps_its_body_and_saves() {
    #[handler]
    async fn fail(session: Session<Visit>) -> poem::Result<String> {
        session.add_counter(1);
        Err(Error::from_string("short and stout", StatusCode::IM_A_TEAPOT))
    }
    let app = Route::new().at("/", get(fail)).at("/count", get(count)).with(middleware());
    let (status, cookies, body) = ask(&app, "/", None).await;
    assert_eq!((status, &*body), (StatusCode::IM_A_TEAPOT, "short and stout"));
    assert_eq!(ask(&app, "/count", Some(&cookies[0])).await.2, "2", "it was saved");
}

#[tokio::test]
async fn errors_of_those_who_use_no_session_pass_as_they_are() {
    let app = Route::new()
        .at("/", get(count))
        .with(middleware())
        .catch_error(async |_: NotFoundError| "nothing here");
    assert_eq!(ask(&app, "/elsewhere", None).await.2, "nothing here");
}

#[tokio::test]
async fn an_error_that_is_caught_inside_keeps_the_session() {
    #[handler]
    async fn fail(session: Session<Visit>) -> poem::Result<String> {
        session.add_counter(1);
        Err(NotFoundError.into())
    }
    let app = Route::new()
        .at("/", get(fail))
        .catch_error(async |_: NotFoundError| "caught")
        .with(middleware());
    let (status, cookies, body) = ask(&app, "/", None).await;
    assert_eq!((status, cookies.len(), &*body), (StatusCode::OK, 1, "caught"));
}

#[tokio::test]
async fn work_dropped_behind_an_error_is_an_empty_409() {
    #[handler]
    async fn overtaken(
        session: Session<Visit>,
        sessions: poem::web::Data<&Sessions>,
    ) -> poem::Result<String> {
        session.add_counter(1);
        sessions.delete(&session.id().unwrap().parse().unwrap()).await.unwrap();
        Err(Error::from_status(StatusCode::FORBIDDEN))
    }
    let sessions = sessions("id");
    let app = Route::new()
        .at("/", get(overtaken))
        .at("/count", get(count))
        .with(SessionMiddleware::new(sessions.clone()))
        .data(sessions);
    let (_, cookies, _) = ask(&app, "/count", None).await;
    let (status, cookies, body) = ask(&app, "/", Some(&cookies[0])).await;
    assert_eq!((status, cookies.len(), &*body), (StatusCode::CONFLICT, 0, ""));
}

#[tokio::test]
async fn nested_middlewares_share_one_sessions_or_hide_another() {
    let (one, other) = (sessions("id"), sessions("other"));
    let shared = get(count)
        .with(SessionMiddleware::new(one.clone()))
        .with(SessionMiddleware::new(one.clone()));
    let response = shared.get_response(request("/", None)).await;
    assert_eq!(response.headers().get_all(header::VARY).iter().count(), 1);
    let cookies = cookies(&response);
    assert_eq!(cookies.len(), 1);
    assert_eq!(ask(&shared, "/", Some(&cookies[0])).await.2, "2");

    let hidden = get(count)
        .with(SessionMiddleware::new(other))
        .before(async |request: Request| {
            let handle = SessionHandle::from_request_without_body(&request).await?;
            handle.session::<Visit>().await.unwrap().add_counter(100);
            Ok(request)
        })
        .with(SessionMiddleware::new(one));
    let (_, cookies, body) = ask(&hidden, "/", None).await;
    assert_eq!((cookies.len(), &*body), (2, "1"));
}

#[tokio::test]
async fn a_handlers_own_cache_control_and_cookies_stay() {
    #[handler]
    async fn own(session: Session<Visit>) -> impl IntoResponse {
        session.add_counter(1);
        ().with_header(header::CACHE_CONTROL, "private")
            .with_header(header::SET_COOKIE, "theme=dark")
    }
    let response = get(own).with(middleware()).get_response(request("/", None)).await;
    let cache_control = response.headers().get_all(header::CACHE_CONTROL);
    assert_eq!(cache_control.iter().collect::<Vec<_>>(), ["private"]);
    let cookies = cookies(&response);
    assert_eq!((cookies.len(), &*cookies[0]), (2, "theme=dark"));
}

#[tokio::test]
async fn a_missing_middleware_is_an_empty_500_that_says_what_is_missing() {
    let (status, _, body) = ask(&get(count), "/", None).await;
    assert_eq!((status, &*body), (StatusCode::INTERNAL_SERVER_ERROR, ""));
    let error = get(count).call(request("/", None)).await.unwrap_err();
    let rejection = error.downcast_ref::<SessionRejection>().unwrap();
    assert!(rejection.error().to_string().contains("SessionMiddleware"), "{rejection}");
}

#[tokio::test]
async fn a_handler_passes_errors_on() {
    #[handler]
    async fn overtaken(
        session: Session<Visit>,
        sessions: Data<&Sessions>,
    ) -> Result<&'static str, SessionError> {
        session.add_counter(1);
        session.commit().await?;
        sessions.delete(&session.id().unwrap().parse().unwrap()).await?;
        session.add_counter(1);
        session.commit().await?;
        Ok("counted")
    }
    let sessions = sessions("id");
    let app = get(overtaken).with(SessionMiddleware::new(sessions.clone())).data(sessions);
    let (status, _, body) = ask(&app, "/", None).await;
    assert_eq!((status, &*body), (StatusCode::CONFLICT, ""));
}

#[tokio::test]
async fn a_request_that_is_cancelled_saves_nothing() {
    #[handler]
    async fn stall(session: Session<Visit>) {
        session.add_counter(100);
        std::future::pending::<()>().await;
    }
    let app = Route::new().at("/", get(count)).at("/stall", get(stall)).with(middleware());
    let (_, cookies, _) = ask(&app, "/", None).await;
    let mut stalled = Box::pin(app.call(request("/stall", Some(&cookies[0]))));
    assert!(stalled.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(stalled);
    assert_eq!(ask(&app, "/", Some(&cookies[0])).await.2, "2");
}

#[handler]
fn page(csrf: Csrf) -> String {
    csrf.token()
}

fn guard() -> CsrfMiddleware {
    CsrfMiddleware::new(CsrfPolicy::new())
}

#[tokio::test]
async fn an_error_handler_sees_why_a_request_was_refused() {
    let app = Route::new()
        .at("/", get(page).post(page))
        .with(guard())
        .catch_error(async |error: CsrfError| {
            error.reason().with_status(StatusCode::IM_A_TEAPOT).into_response()
        })
        .with(middleware());
    for (origin, status, body) in [
        (Some("https://evil.example"), StatusCode::IM_A_TEAPOT, "origin"),
        (Some("https://tea.example"), StatusCode::OK, ""),
        (None, StatusCode::IM_A_TEAPOT, "token-missing"),
    ] {
        // The authority of HTTP/2.
        let request = Request::builder().method(Method::POST).uri_str("https://tea.example/");
        let request = match origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        };
        let response = app.get_response(request.finish()).await;
        assert_eq!(response.status(), status);
        assert_eq!(response.into_body().into_string().await.unwrap(), body);
    }
}

#[tokio::test]
async fn a_form_that_is_too_long_to_look_for_a_token_is_refused() {
    let app = Route::new().at("/", post(page)).with(guard()).with(middleware());
    let form = Request::builder()
        .method(Method::POST)
        .content_type("application/x-www-form-urlencoded")
        .body("x".repeat(3_000_000));
    assert_eq!(app.get_response(form).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_guard_that_is_missing_or_in_the_wrong_place_is_an_empty_500() {
    let route = || Route::new().at("/", get(page));
    let failed = (StatusCode::INTERNAL_SERVER_ERROR, Vec::new(), String::new());
    assert_eq!(ask(&route().with(middleware()), "/", None).await, failed);
    assert_eq!(ask(&route().with(middleware()).with(guard()), "/", None).await, failed);
    let right = route().with(guard()).with(middleware());
    assert_eq!(ask(&right, "/", None).await.0, StatusCode::OK);
}
