//! The actix-web adapter, with other middlewares and extractors.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{self, TestRequest};
use actix_web::{App, Error, HttpMessage, HttpResponse, error, web};
use session_runtime::actix::{CsrfMiddleware, SessionMiddleware};
use session_runtime::csrf::{Csrf, CsrfError, CsrfPolicy};
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

/// Status, cookies and body of the answer. If the service returns an error, the answer is that of a
/// server.
async fn ask<S, B>(app: &S, cookie: Option<&str>) -> (StatusCode, Vec<String>, String)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let mut request = TestRequest::get();
    if let Some(cookie) = cookie {
        request = request.insert_header((header::COOKIE, cookie));
    }
    let response: HttpResponse<BoxBody> = match app.call(request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let cookies = response.headers().get_all(header::SET_COOKIE);
    let cookies =
        cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    let (status, cookies) = (response.status(), cookies.collect());
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, cookies, String::from_utf8(body.to_vec()).unwrap())
}

fn step(session: &Session<Visit>, name: &'static str) {
    session.update_trail(move |trail| trail.push(name.to_owned()));
}

async fn count(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

#[actix_web::test]
async fn middlewares_and_handlers_share_the_session() {
    async fn around(
        session: Session<Visit>,
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        step(&session, "middleware");
        let response = next.call(request).await?;
        assert_eq!(session.trail(), ["middleware", "handler"]);
        step(&session, "afterwards");
        Ok(response)
    }
    async fn handler(session: Session<Visit>, again: Session<Visit>) -> String {
        step(&session, "handler");
        again.trail().join(" ")
    }
    let middleware = SessionMiddleware::new(sessions("id"));
    let app = test::init_service(
        App::new()
            .wrap(from_fn(around))
            .wrap(middleware.clone())
            .route("/", web::get().to(handler)),
    )
    .await;
    let reader = test::init_service(App::new().wrap(middleware).route(
        "/",
        web::get().to(|session: Session<Visit>| async move { session.trail().join(" ") }),
    ))
    .await;
    let (_, cookies, body) = ask(&app, None).await;
    assert_eq!(body, "middleware handler");
    let (_, _, body) = ask(&reader, Some(&cookies[0])).await;
    assert_eq!(body, "middleware handler afterwards");
}

#[actix_web::test]
async fn an_inner_middleware_that_fails_loses_no_cookie() {
    async fn refuse(
        session: Session<Visit>,
        request: ServiceRequest,
        _: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        session.add_counter(1);
        drop(request);
        Err(error::ErrorForbidden("not here"))
    }
    let middleware = SessionMiddleware::new(sessions("id"));
    let app = test::init_service(
        App::new().wrap(from_fn(refuse)).wrap(middleware.clone()).route("/", web::get().to(count)),
    )
    .await;
    let (status, cookies, body) = ask(&app, None).await;
    assert_eq!((status, &*body), (StatusCode::FORBIDDEN, "not here"));
    assert_eq!(cookies.len(), 1);
    let counter =
        test::init_service(App::new().wrap(middleware).route("/", web::get().to(count))).await;
    assert_eq!(ask(&counter, Some(&cookies[0])).await.2, "2", "it was saved");
}

#[actix_web::test]
async fn an_error_passes_as_it_is_where_nobody_asked_for_the_session() {
    #[derive(Debug, PartialEq)]
    struct Refused;
    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("refused")
        }
    }
    impl actix_web::ResponseError for Refused {}
    async fn refuse(
        _: ServiceRequest,
        _: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        Err(Refused.into())
    }
    let app = test::init_service(
        App::new()
            .wrap(from_fn(refuse))
            .wrap(SessionMiddleware::new(sessions("id")))
            .route("/", web::get().to(count)),
    )
    .await;
    let Err(error) = app.call(TestRequest::default().to_request()).await else {
        panic!("a middleware around sees the error itself")
    };
    assert_eq!(error.as_error::<Refused>(), Some(&Refused));
}

#[actix_web::test]
async fn a_response_that_is_printed_does_not_show_the_cookie() {
    let middleware = SessionMiddleware::new(sessions("id"));
    let app =
        test::init_service(App::new().wrap(middleware).route("/", web::get().to(count))).await;
    let response = app.call(TestRequest::get().to_request()).await.unwrap();
    let printed = format!("{response:?}");
    assert!(printed.contains(r#""set-cookie": Sensitive"#), "{printed}");
}

#[actix_web::test]
async fn work_dropped_behind_a_failing_middleware_is_an_empty_409() {
    async fn overtaken(
        session: Session<Visit>,
        request: ServiceRequest,
        _: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        session.add_counter(1);
        let sessions = request.app_data::<web::Data<Sessions>>().unwrap();
        sessions.delete(&session.id().unwrap().parse().unwrap()).await.unwrap();
        Err(error::ErrorForbidden("not here"))
    }
    let sessions = sessions("id");
    let middleware = SessionMiddleware::new(sessions.clone());
    let counter =
        test::init_service(App::new().wrap(middleware.clone()).route("/", web::get().to(count)))
            .await;
    let app = test::init_service(
        App::new()
            .app_data(web::Data::new(sessions))
            .wrap(from_fn(overtaken))
            .wrap(middleware)
            .route("/", web::get().to(count)),
    )
    .await;
    let (_, cookies, _) = ask(&counter, None).await;
    let (status, cookies, body) = ask(&app, Some(&cookies[0])).await;
    assert_eq!((status, cookies.len(), &*body), (StatusCode::CONFLICT, 0, ""));
}

#[actix_web::test]
async fn a_handlers_error_keeps_its_body_and_saves() {
    async fn fail(session: Session<Visit>) -> Result<String, Error> {
        session.add_counter(1);
        Err(error::ErrorImATeapot("short and stout"))
    }
    let app = test::init_service(
        App::new().wrap(SessionMiddleware::new(sessions("id"))).route("/", web::get().to(fail)),
    )
    .await;
    let (status, cookies, body) = ask(&app, None).await;
    assert_eq!((status, cookies.len()), (StatusCode::IM_A_TEAPOT, 1));
    assert_eq!(body, "short and stout");
}

#[actix_web::test]
async fn nested_middlewares_share_one_sessions_or_hide_another() {
    let (one, other) = (sessions("id"), sessions("other"));
    let shared = test::init_service(
        App::new()
            .wrap(SessionMiddleware::new(one.clone()))
            .wrap(SessionMiddleware::new(one.clone()))
            .route("/", web::get().to(count)),
    )
    .await;
    let (_, cookies, _) = ask(&shared, None).await;
    assert_eq!(cookies.len(), 1);
    assert_eq!(ask(&shared, Some(&cookies[0])).await.2, "2");

    async fn outer(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let handle = request.extensions().get::<SessionHandle>().cloned().unwrap();
        handle.session::<Visit>().await.unwrap().add_counter(100);
        next.call(request).await
    }
    let hidden = test::init_service(
        App::new()
            .wrap(SessionMiddleware::new(other))
            .wrap(from_fn(outer))
            .wrap(SessionMiddleware::new(one))
            .route("/", web::get().to(count)),
    )
    .await;
    let (_, cookies, body) = ask(&hidden, None).await;
    assert_eq!((cookies.len(), &*body), (2, "1"));
}

#[actix_web::test]
async fn a_missing_middleware_is_an_empty_500() {
    let app = test::init_service(App::new().route("/", web::get().to(count))).await;
    let (status, _, body) = ask(&app, None).await;
    assert_eq!((status, &*body), (StatusCode::INTERNAL_SERVER_ERROR, ""));
}

#[actix_web::test]
async fn a_handler_passes_errors_on() {
    async fn overtaken(
        session: Session<Visit>,
        sessions: web::Data<Sessions>,
    ) -> Result<&'static str, SessionError> {
        session.add_counter(1);
        session.commit().await?;
        sessions.delete(&session.id().unwrap().parse().unwrap()).await?;
        session.add_counter(1);
        session.commit().await?;
        Ok("counted")
    }
    let sessions = sessions("id");
    let app = test::init_service(
        App::new()
            .app_data(web::Data::new(sessions.clone()))
            .wrap(SessionMiddleware::new(sessions))
            .route("/", web::get().to(overtaken)),
    )
    .await;
    let (status, _, body) = ask(&app, None).await;
    assert_eq!((status, &*body), (StatusCode::CONFLICT, ""));
}

async fn page(csrf: Csrf) -> String {
    csrf.token()
}

#[actix_web::test]
async fn a_middleware_around_sees_why_a_request_was_refused() {
    async fn explain(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let response = next.call(request).await?.map_into_boxed_body();
        let refusal = response.response().error().and_then(Error::as_error::<CsrfError>).cloned();
        Ok(match refusal {
            Some(error) if error.is_cross_origin() => {
                response.into_response(HttpResponse::Ok().body("not from here"))
            }
            _ => response,
        })
    }
    let app = test::init_service(
        App::new()
            .wrap(CsrfMiddleware::new(CsrfPolicy::new()))
            .wrap(SessionMiddleware::new(sessions("id")))
            .wrap(from_fn(explain))
            .route("/", web::post().to(count)),
    )
    .await;
    for (origin, status, body) in [
        (Some("https://evil.example"), StatusCode::OK, "not from here"),
        (Some("http://tea.example"), StatusCode::OK, "1"),
        (None, StatusCode::FORBIDDEN, ""),
    ] {
        // The authority of HTTP/2.
        let mut request = TestRequest::post().uri("http://tea.example/");
        if let Some(origin) = origin {
            request = request.insert_header((header::ORIGIN, origin));
        }
        let response = app.call(request.to_request()).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(test::read_body(response).await, body);
    }
}

#[actix_web::test]
async fn a_form_that_is_too_long_to_look_for_a_token_is_refused() {
    let app = test::init_service(
        App::new()
            .wrap(CsrfMiddleware::new(CsrfPolicy::new()))
            .wrap(SessionMiddleware::new(sessions("id")))
            .route("/", web::post().to(count)),
    )
    .await;
    let form = TestRequest::post()
        .insert_header(header::ContentType::form_url_encoded())
        .set_payload("x".repeat(3_000_000));
    let error = app.call(form.to_request()).await.unwrap_err();
    assert_eq!(error.as_response_error().status_code(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[actix_web::test]
async fn middlewares_that_are_missing_or_in_the_wrong_order_are_an_empty_500() {
    let csrf = || CsrfMiddleware::new(CsrfPolicy::new());
    let sessions = || SessionMiddleware::new(sessions("id"));
    let route = || web::get().to(page);
    let failed = (StatusCode::INTERNAL_SERVER_ERROR, Vec::new(), String::new());
    let unprotected = test::init_service(App::new().wrap(sessions()).route("/", route())).await;
    assert_eq!(ask(&unprotected, None).await, failed);
    let wrong_order = App::new().wrap(sessions()).wrap(csrf()).route("/", route());
    assert_eq!(ask(&test::init_service(wrong_order).await, None).await, failed);
    let no_sessions = App::new().wrap(csrf()).route("/", web::get().to(|| async { "page" }));
    assert_eq!(ask(&test::init_service(no_sessions).await, None).await, failed);
    let right = App::new().wrap(csrf()).wrap(sessions()).route("/", route());
    assert_eq!(ask(&test::init_service(right).await, None).await.0, StatusCode::OK);
}
