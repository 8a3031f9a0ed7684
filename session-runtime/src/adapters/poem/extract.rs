//! The extractors of the session, and the answers to errors.

use poem::error::ResponseError;
use poem::http::{StatusCode, header};
use poem::{FromRequest, IntoResponse, Request, RequestBody, Response};

use crate::adapters::extract::{self, SessionRejection};
use crate::error::SessionError;
use crate::request::{Session, SessionHandle};
use crate::schema::SessionSchema;

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

/// For handlers that pass an error on with `?`.
///
/// The response has the error's status and an empty body. The cause goes to `tracing`.
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
        let (status, retry_after) = extract::answer_passed_on(self);
        let mut response = status.into_response();
        if let Some(seconds) = retry_after {
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
