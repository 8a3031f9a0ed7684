//! What every framework's extractors do, and how they answer when they cannot.

use std::fmt;

use crate::error::{SessionError, SessionErrorKind};
use crate::request::SessionHandle;

/// The handle that a layer left in the request's extensions; `advice` says how to add the layer.
pub(super) fn handle(
    found: Option<&SessionHandle>,
    advice: &'static str,
) -> Result<SessionHandle, SessionRejection> {
    let missing = || SessionRejection::new(SessionErrorKind::MissingLayer(advice).into());
    found.cloned().ok_or_else(missing)
}

/// Tells the operator of an error that a handler passes on.
pub(super) fn report_passed_on(error: &SessionError) {
    error.report_anyway("what a handler did with the session");
}

/// The session could not be extracted: answered with the error's status and an empty body.
#[derive(Debug)]
pub struct SessionRejection(SessionError);

impl SessionRejection {
    pub(super) fn new(error: SessionError) -> Self {
        error.report("extracting the session");
        Self(error)
    }

    /// Why.
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
