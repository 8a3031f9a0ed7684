//! Sessions in axum and in every other tower service.
//!
//! Add [`SessionLayer`]; handlers then extract [`Session<S>`](crate::Session):
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_runtime::{Keyring, Session, SessionSchema, Sessions};
//! use session_runtime::{axum::SessionLayer, store::MemoryStore};
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
//! let app: Router = Router::new().route("/", get(index)).layer(SessionLayer::new(sessions));
//! # let _ = app;
//! # Ok::<(), session_runtime::ConfigError>(())
//! ```
//!
//! A session that cannot be loaded or saved is answered with the status of
//! [`SessionError::status`](crate::SessionError::status) and an empty body; the cause goes to
//! `tracing`. Without axum, take the [`SessionHandle`] from the request's
//! extensions.

mod csrf;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::extract::FromRequestParts;
use axum_core::response::IntoResponse;
use http::request::Parts;
use http::{Request, Response, header};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::adapters::extract;
use crate::error::SessionError;
use crate::request::Finished;
use crate::request::Session;
use crate::request::SessionHandle;
use crate::request::{End, FinishGuard};
use crate::schema::SessionSchema;
use crate::sessions::Sessions;

pub use self::csrf::{CsrfLayer, CsrfService};
pub use crate::adapters::extract::SessionRejection;

/// Gives every request a session.
///
/// Nested layers of one [`Sessions`] share the session; of layers of different ones, handlers see
/// the inner one.
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
}

impl SessionLayer {
    /// A layer of these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { inner, sessions: self.sessions.clone() }
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let cookies = request.headers().get_all(header::COOKIE).into_iter().cloned();
        let begun = self.sessions.begin_inside(request.extensions().get(), cookies);
        let guard = begun.map(|handle| {
            request.extensions_mut().insert(handle.clone());
            FinishGuard::new(handle)
        });
        ResponseFuture { inner: self.inner.call(request), guard, finishing: None }
    }
}

pin_project! {
    /// The response of [`SessionService`]: the inner one, then the session saved.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        inner: F,
        guard: Option<FinishGuard>,
        // Boxed, for it is needed only when the store must be asked, and futures are moved often.
        finishing: Option<Pin<Box<Finishing<B, dyn Future<Output = Finished> + Send>>>>,
    }
}

pin_project! {
    struct Finishing<B, S: ?Sized> {
        // Taken when the session is saved.
        response: Option<Response<B>>,
        #[pin]
        saving: S,
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let finishing = match this.finishing {
            Some(finishing) => finishing,
            None => {
                let mut polled = this.inner.poll(cx);
                let Poll::Ready(Ok(response)) = &mut polled else { return polled };
                let Some(guard) = this.guard.take() else { return polled };
                match guard.end(response.status()) {
                    End::Untouched => return polled,
                    // The response is changed in place, because moving it costs time.
                    End::Finished(finished) => {
                        answer(response, finished);
                        return polled;
                    }
                    End::Saving(saving) => {
                        let response = Some(ready!(polled)?);
                        let saving = saving.finish();
                        this.finishing.insert(Box::pin(Finishing { response, saving }))
                    }
                }
            }
        };
        let finishing = finishing.as_mut().project();
        let finished = ready!(finishing.saving.poll(cx));
        if let Some(response) = finishing.response {
            answer(response, finished);
        }
        match finishing.response.take() {
            Some(response) => Poll::Ready(Ok(response)),
            None => panic!("a response future was polled after it was done"),
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// The handler's response gets the session's headers, or is an empty one if the session failed.
fn answer<B: Default>(response: &mut Response<B>, finished: Finished) {
    if let Some(error) = &finished.error {
        *response = Response::default();
        *response.status_mut() = error.status();
    }
    finished.append_to(response.headers_mut());
}

impl<S: SessionSchema, State: Send + Sync> FromRequestParts<State> for Session<S> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, SessionRejection> {
        handle(parts)?.into_session().await.map_err(SessionRejection::new)
    }
}

impl<State: Send + Sync> FromRequestParts<State> for SessionHandle {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, SessionRejection> {
        handle(parts)
    }
}

fn handle(parts: &Parts) -> Result<SessionHandle, SessionRejection> {
    let advice =
        "add `.layer(session_runtime::axum::SessionLayer::new(sessions))` below the routes";
    extract::handle(parts.extensions.get(), advice)
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
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::post(order));
/// ```
impl IntoResponse for SessionError {
    fn into_response(self) -> axum_core::response::Response {
        extract::report_passed_on(&self);
        let retry_after =
            self.retry_after().map(|after| [(header::RETRY_AFTER, after.to_string())]);
        (self.status(), retry_after, ()).into_response()
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> axum_core::response::Response {
        self.error().status().into_response()
    }
}
