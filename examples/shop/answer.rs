//! The answers of the site, before a framework turns them into responses.

use std::error::Error;
use std::fmt;

use askama::Template;
use session_runtime::SessionError;

use super::pages::{Frame, Gone};

/// What every handler returns.
pub(crate) type Outcome = Result<Answer, Failure>;

/// A response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
}

impl Answer {
    /// A page. It may show private data, so no cache and no back button may keep it.
    pub(super) fn page(page: &impl Template) -> Outcome {
        let headers = vec![
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; \
                 base-uri 'none'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "same-origin"),
        ];
        Ok(Self { status: 200, headers, body: page.render()? })
    }

    /// A redirect to a page after a change.
    pub(super) fn see_other(path: &'static str) -> Self {
        let headers = vec![("location", path), ("cache-control", "no-store")];
        Self { status: 303, headers, body: String::new() }
    }

    /// The style sheet.
    pub(crate) fn style() -> Self {
        let headers =
            vec![("content-type", "text/css; charset=utf-8"), ("cache-control", "max-age=60")];
        Self { status: 200, headers, body: include_str!("style.css").to_owned() }
    }

    /// A page that explains a 409. The session was deleted elsewhere while this browser still had
    /// its cookie: for a minute, a request that changes something is answered with an empty 409.
    pub(crate) fn gone() -> Outcome {
        Ok(Self { status: 409, ..Self::page(&Gone { frame: Frame::default() })? })
    }

    /// The request came from another site, or from a page that was loaded before the session was
    /// renewed.
    pub(crate) fn forbidden() -> Self {
        let headers = vec![("content-type", "text/plain; charset=utf-8")];
        let body =
            "This form was sent by another site, or it is too old. Nothing was changed.".to_owned();
        Self { status: 403, headers, body }
    }
}

/// The site could not answer. The visitor sees only a status; the log has the cause.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) u16);

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        tracing::error!(error = &error as &dyn Error, "a request failed");
        let session: Option<&SessionError> = (&error as &dyn Error).downcast_ref();
        Self(session.map_or(500, |error| error.status().as_u16()))
    }
}

/// Not an [`Error`]: the conversion above would then overlap with `From<Self>`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the site failed with status {}", self.0)
    }
}
