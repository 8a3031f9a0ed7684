//! Sessions in actix-web.
//!
//! Wrap the application in [`SessionMiddleware`]; handlers then extract
//! [`Session<S>`](crate::Session):
//!
//! ```
//! use actix_web::{App, web};
//! use session_runtime::{Keyring, Session, SessionSchema, Sessions};
//! use session_runtime::{actix::SessionMiddleware, store::MemoryStore};
//!
//! #[derive(SessionSchema)]
//! struct Visit {
//!     #[session(counter)]
//!     counter: u64,
//! }
//!
//! async fn index(session: Session<Visit>) -> String {
//!     format!("You have visited this page {} times", session.add_counter(1))
//! }
//!
//! let sessions =
//!     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
//! // In the closure given to `HttpServer::new`; the sessions are made outside of it.
//! let app = App::new()
//!     .wrap(SessionMiddleware::new(sessions.clone()))
//!     .route("/", web::get().to(index));
//! # let _ = app;
//! # Ok::<(), session_runtime::ConfigError>(())
//! ```
//!
//! A session that cannot be loaded or saved is answered with the status of
//! [`SessionError::status`](crate::SessionError::status) and an empty body; the cause goes to
//! `tracing`.

mod csrf;

use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};

use crate::adapters::extract;
use crate::error::SessionError;
use crate::request::FinishGuard;
use crate::request::Finished;
use crate::request::Session;
use crate::request::SessionHandle;
use crate::schema::SessionSchema;
use crate::sessions::Sessions;

pub use self::csrf::{CsrfMiddleware, CsrfService};
pub use crate::adapters::extract::SessionRejection;

type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Gives every request a session.
///
/// Nested middlewares of one [`Sessions`] share the session; of those of different ones, handlers
/// see the inner one.
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
}

impl SessionMiddleware {
    /// A middleware of these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<SessionService<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService { inner: Rc::new(service), sessions: self.sessions.clone() }))
    }
}

/// The service that [`SessionMiddleware`] makes.
#[derive(Debug)]
pub struct SessionService<S> {
    inner: Rc<S>,
    sessions: Sessions,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = LocalFuture<Result<Self::Response, actix_web::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let cookies = cookie_headers(request.headers());
        let begun = self.sessions.begin_inside(request.extensions().get(), cookies);
        let Some(handle) = begun else {
            let response = self.inner.call(request);
            return Box::pin(async move { Ok(response.await?.map_into_left_body()) });
        };
        request.extensions_mut().insert(handle.clone());
        let guard = FinishGuard::new(handle);
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await;
            let status = match &response {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            answer(response, guard.finish(to_http(status)).await)
        })
    }
}

/// The headers as the framework-neutral part takes them: actix-web has its own header types.
fn cookie_headers(headers: &HeaderMap) -> impl Iterator<Item = http::HeaderValue> + '_ {
    headers.get_all(header::COOKIE).filter_map(|value| {
        // Both types allow the same bytes.
        http::HeaderValue::from_bytes(value.as_bytes()).ok()
    })
}

/// The inner response with the session's headers, or an empty one if the session failed.
fn answer<B: MessageBody>(
    response: Result<ServiceResponse<B>, actix_web::Error>,
    finished: Finished,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match (response, &finished.error) {
        (Ok(response), None) => {
            let mut response = response.map_into_left_body();
            add_headers(response.headers_mut(), &finished);
            Ok(response)
        }
        (Ok(response), Some(error)) => {
            let mut empty = HttpResponse::new(from_http(error.status()));
            add_headers(empty.headers_mut(), &finished);
            Ok(response.into_response(empty.map_into_right_body()))
        }
        (Err(inner), _) if !finished.read => Err(inner),
        (Err(inner), _) => Err(FailedBehindSession { inner, finished }.into()),
    }
}

fn add_headers(headers: &mut HeaderMap, finished: &Finished) {
    let has_cache_control = headers.contains_key(header::CACHE_CONTROL);
    finished.headers(has_cache_control, |name, value| {
        let is_sensitive = value.is_sensitive();
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        // Both frameworks' types allow the same bytes.
        if let (Ok(name), Ok(mut value)) = (name, value) {
            value.set_sensitive(is_sensitive);
            headers.append(name, value);
        }
    });
}

fn to_http(status: StatusCode) -> http::StatusCode {
    // Both types hold the numbers from 100 to 999.
    http::StatusCode::from_u16(status.as_u16()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
}

fn from_http(status: http::StatusCode) -> StatusCode {
    // Both types hold the numbers from 100 to 999.
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An inner middleware answered with an error: its response, made as often as it is asked for, with
/// the session's headers.
#[derive(Debug)]
struct FailedBehindSession {
    inner: actix_web::Error,
    finished: Finished,
}

impl fmt::Display for FailedBehindSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl ResponseError for FailedBehindSession {
    fn status_code(&self) -> StatusCode {
        match &self.finished.error {
            Some(error) => from_http(error.status()),
            None => self.inner.as_response_error().status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = match &self.finished.error {
            Some(error) => HttpResponse::new(from_http(error.status())),
            None => self.inner.error_response(),
        };
        add_headers(response.headers_mut(), &self.finished);
        response
    }
}

impl<S: SessionSchema> FromRequest for Session<S> {
    type Error = SessionRejection;
    type Future = LocalFuture<Result<Self, SessionRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let handle = handle(request);
        Box::pin(async { handle?.into_session().await.map_err(SessionRejection::new) })
    }
}

impl FromRequest for SessionHandle {
    type Error = SessionRejection;
    type Future = Ready<Result<Self, SessionRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(handle(request))
    }
}

fn handle(request: &HttpRequest) -> Result<SessionHandle, SessionRejection> {
    let advice =
        "add `.wrap(session_runtime::actix::SessionMiddleware::new(sessions))` to the `App`";
    extract::handle(request.extensions().get(), advice)
}

/// For handlers that pass an error on: its status and an empty body; the cause goes to `tracing`.
///
/// ```
/// use session_runtime::{Session, SessionError, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     orders: Vec<u64>,
/// }
///
/// async fn order(session: Session<Visit>) -> Result<&'static str, SessionError> {
///     session.update_orders(|orders| orders.push(7));
///     session.commit().await?;
///     Ok("ordered")
/// }
/// # let _ = actix_web::web::post().to(order);
/// ```
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        from_http(self.status())
    }

    fn error_response(&self) -> HttpResponse {
        extract::report_passed_on(self);
        let mut response = HttpResponse::new(self.status_code());
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        from_http(self.error().status())
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
