//! Sessions in poem.
//!
//! Put [`SessionMiddleware`] around the routes; handlers then extract
//! [`Session<S>`](crate::Session):
//!
//! ```
//! use poem::{EndpointExt, Route, get, handler};
//! use session_runtime::{Keyring, Session, SessionSchema, Sessions};
//! use session_runtime::{poem::SessionMiddleware, store::MemoryStore};
//!
//! #[derive(SessionSchema)]
//! struct Visit {
//!     #[session(counter)]
//!     counter: u64,
//! }
//!
//! #[handler]
//! async fn index(session: Session<Visit>) -> String {
//!     format!("You have visited this page {} times", session.add_counter(1))
//! }
//!
//! let sessions =
//!     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
//! let app = Route::new().at("/", get(index)).with(SessionMiddleware::new(sessions));
//! # let _ = app;
//! # Ok::<(), session_runtime::ConfigError>(())
//! ```
//!
//! A session that cannot be loaded or saved is answered with the status of
//! [`SessionError::status`](crate::SessionError::status) and an empty body; the cause goes to
//! `tracing`.
//!
//! The error of a handler that used its session becomes a response in the middleware, for poem lets
//! no header be added to errors. Put `catch_error` inside of it. All other errors pass as they are.

mod csrf;

use poem::error::ResponseError;
use poem::http::{StatusCode, header};
use poem::{Endpoint, FromRequest, IntoResponse, Middleware, Request, RequestBody, Response};

use crate::adapters::extract;
use crate::error::SessionError;
use crate::request::FinishGuard;
use crate::request::Session;
use crate::request::SessionHandle;
use crate::schema::SessionSchema;
use crate::sessions::Sessions;

pub use self::csrf::{CsrfEndpoint, CsrfMiddleware};
pub use crate::adapters::extract::SessionRejection;

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

impl<E: Endpoint> Middleware<E> for SessionMiddleware {
    type Output = SessionEndpoint<E>;

    fn transform(&self, inner: E) -> SessionEndpoint<E> {
        SessionEndpoint { inner, sessions: self.sessions.clone() }
    }
}

/// The endpoint that [`SessionMiddleware`] makes.
#[derive(Debug)]
pub struct SessionEndpoint<E> {
    inner: E,
    sessions: Sessions,
}

impl<E: Endpoint> Endpoint for SessionEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let cookies = request.headers().get_all(header::COOKIE).into_iter().cloned();
        let begun = self.sessions.begin_inside(request.extensions().get(), cookies);
        let Some(handle) = begun else {
            return self.inner.call(request).await.map(IntoResponse::into_response);
        };
        request.extensions_mut().insert(handle.clone());
        let guard = FinishGuard::new(handle);
        let response = self.inner.call(request).await.map(IntoResponse::into_response);
        let status = match &response {
            Ok(response) => response.status(),
            Err(error) => error.status(),
        };
        let finished = guard.finish(status).await;
        if !finished.read {
            return response;
        }
        let mut response = response.unwrap_or_else(poem::Error::into_response);
        if let Some(error) = &finished.error {
            response = error.status().into_response();
        }
        finished.append_to(response.headers_mut());
        Ok(response)
    }
}

impl<'a, S: SessionSchema> FromRequest<'a> for Session<S> {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(handle(request)?.into_session().await.map_err(SessionRejection::new)?)
    }
}

impl<'a> FromRequest<'a> for SessionHandle {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(handle(request)?)
    }
}

fn handle(request: &Request) -> Result<SessionHandle, SessionRejection> {
    let advice =
        "add `.with(session_runtime::poem::SessionMiddleware::new(sessions))` to the routes";
    extract::handle(request.extensions().get(), advice)
}

/// For handlers that pass an error on: its status and an empty body; the cause goes to `tracing`.
///
/// ```
/// use poem::handler;
/// use session_runtime::{Session, SessionError, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     orders: Vec<u64>,
/// }
///
/// #[handler]
/// async fn order(session: Session<Visit>) -> Result<&'static str, SessionError> {
///     session.update_orders(|orders| orders.push(7));
///     session.commit().await?;
///     Ok("ordered")
/// }
/// # let _ = poem::Route::new().at("/", poem::post(order));
/// ```
impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        Self::status(self)
    }

    fn as_response(&self) -> Response {
        extract::report_passed_on(self);
        let mut response = Self::status(self).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl ResponseError for SessionRejection {
    fn status(&self) -> StatusCode {
        self.error().status()
    }

    fn as_response(&self) -> Response {
        self.status().into_response()
    }
}
