//! The extractors of the session, and the answers to errors.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};

use super::LocalFuture;
use super::convert::from_http;
use crate::adapters::extract::{self, SessionRejection};
use crate::error::SessionError;
use crate::request::{Session, SessionHandle};
use crate::schema::SessionSchema;

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
/// # let _ = actix_web::web::post().to(order);
/// ```
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        from_http(self.status())
    }

    fn error_response(&self) -> HttpResponse {
        let (status, retry_after) = extract::answer_passed_on(self);
        let mut response = HttpResponse::new(from_http(status));
        if let Some(seconds) = retry_after {
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
