//! The extractors of the session, and the answers to errors.

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;

use crate::adapters::extract::{self, SessionRejection};
use crate::error::SessionError;
use crate::request::{Session, SessionHandle};
use crate::schema::SessionSchema;

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

/// For handlers that pass an error on with `?`.
///
/// The response has the error's status and an empty body. The cause goes to `tracing`.
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
    fn into_response(self) -> Response {
        let (status, retry_after) = extract::answer_passed_on(&self);
        let retry_after = retry_after.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        (status, retry_after, ()).into_response()
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        self.error().status().into_response()
    }
}
