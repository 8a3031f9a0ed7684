//! What the extractors of all frameworks share, and the answers to errors.

use std::fmt;

use http::StatusCode;

use crate::error::{SessionError, SessionErrorKind};
use crate::request::SessionHandle;

/// The handle that the layer has put into the request's extensions. If there is none, `advice` says
/// how to add the layer.
pub(super) fn handle(
    found: Option<&SessionHandle>,
    advice: &'static str,
) -> Result<SessionHandle, SessionRejection> {
    let missing = || SessionRejection::new(SessionErrorKind::MissingLayer(advice).into());
    found.cloned().ok_or_else(missing)
}

/// The answer to an error that a handler passes on: its status, and the seconds of `Retry-After`.
/// This also puts the cause into the log.
pub(super) fn answer_passed_on(error: &SessionError) -> (StatusCode, Option<u32>) {
    error.report_anyway("what a handler did with the session");
    (error.status(), error.retry_after())
}

/// Why the session could not be extracted.
///
/// It is answered with the error's status and an empty body. The cause goes to `tracing`. A handler
/// can take it and answer something else:
///
/// ```
/// # #[cfg(feature = "axum")]
/// # mod app {
/// use session_runtime::axum::SessionRejection; // or the one of `actix`
/// use session_runtime::{Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     theme: Option<String>,
/// }
///
/// async fn page(session: Result<Session<Visit>, SessionRejection>) -> String {
///     match session {
///         Ok(session) => session.theme().unwrap_or_default(),
///         Err(rejection) if rejection.error().is_store() => "Please try again.".to_owned(),
///         Err(_) => "Without your settings.".to_owned(),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct SessionRejection(SessionError);

impl SessionRejection {
    pub(super) fn new(error: SessionError) -> Self {
        error.report("extracting the session");
        Self(error)
    }

    /// What went wrong.
    pub fn error(&self) -> &SessionError {
        &self.0
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
