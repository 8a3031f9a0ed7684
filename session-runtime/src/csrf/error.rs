//! Why a request was refused.

use std::sync::Arc;

use http::StatusCode;

use crate::error::SessionError;
use crate::telemetry;

/// Why a request was refused. Answered with [`status`](Self::status) and an empty body; the reason goes
/// to `tracing`, at the level `debug`, for anybody can send such requests.
///
/// To answer with a page instead, look for it in a layer around: in the extensions of axum's response, in
/// [`HttpResponse::error`](https://docs.rs/actix-web/4/actix_web/struct.HttpResponse.html#method.error)
/// of actix-web; on poem put `catch_error` between the two middlewares.
///
/// ```
/// use session_runtime::csrf::CsrfPolicy;
///
/// let headers = |name| (name == "sec-fetch-site").then_some("cross-site".as_bytes());
/// let error = CsrfPolicy::new().judge("POST", headers).unwrap_err();
/// assert!(error.is_cross_origin());
/// assert_eq!(error.reason(), "fetch-site");
/// assert_eq!(error.status(), 403);
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CsrfError(#[source] Arc<CsrfErrorKind>);

#[derive(Debug, thiserror::Error)]
enum CsrfErrorKind {
    #[error("`Sec-Fetch-Site` says that a page of another origin sent the request")]
    FetchSite,
    #[error("the `Origin` of the request is neither this host nor trusted")]
    Origin,
    #[error("the request has neither `Sec-Fetch-Site` nor `Origin`, and no CSRF token")]
    TokenMissing,
    #[error(
        "the request has neither `Sec-Fetch-Site` nor `Origin`, and its CSRF token is not one of its session"
    )]
    TokenWrong,
    #[error("the session of the CSRF token could not be loaded")]
    Session(#[source] SessionError),
    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    #[error("a layer is missing: {0}")]
    MissingLayer(&'static str),
}

impl CsrfError {
    pub(super) fn fetch_site() -> Self {
        Self::report(CsrfErrorKind::FetchSite)
    }

    pub(super) fn origin() -> Self {
        Self::report(CsrfErrorKind::Origin)
    }

    pub(super) fn token_missing() -> Self {
        Self::report(CsrfErrorKind::TokenMissing)
    }

    pub(super) fn token_wrong() -> Self {
        Self::report(CsrfErrorKind::TokenWrong)
    }

    pub(super) fn session(error: impl Into<SessionError>) -> Self {
        Self::report(CsrfErrorKind::Session(error.into()))
    }

    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    pub(crate) fn missing_layer(advice: &'static str) -> Self {
        Self::report(CsrfErrorKind::MissingLayer(advice))
    }

    /// Tells the operator: an error is made once for each request.
    fn report(kind: CsrfErrorKind) -> Self {
        let error = Self(Arc::new(kind));
        match &*error.0 {
            CsrfErrorKind::Session(source) => source.report("checking for a forged request"),
            #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
            CsrfErrorKind::MissingLayer(_) => tracing::error!(%error, "a handler is not protected"),
            _ => telemetry::forged(error.reason()),
        }
        error
    }

    /// The reason as a word for logs and metrics: `fetch-site`, `origin`, `token-missing` or
    /// `token-wrong`, `session` if that could not be loaded, `layer` if one is missing.
    pub fn reason(&self) -> &'static str {
        match *self.0 {
            CsrfErrorKind::FetchSite => "fetch-site",
            CsrfErrorKind::Origin => "origin",
            CsrfErrorKind::TokenMissing => "token-missing",
            CsrfErrorKind::TokenWrong => "token-wrong",
            CsrfErrorKind::Session(_) => "session",
            #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
            CsrfErrorKind::MissingLayer(_) => "layer",
        }
    }

    /// The HTTP status that answers it: 403, or that of the [`SessionError`] if the session could not
    /// be loaded, or 500 if a layer is missing.
    pub fn status(&self) -> StatusCode {
        match &*self.0 {
            CsrfErrorKind::Session(error) => error.status(),
            #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
            CsrfErrorKind::MissingLayer(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Whether the browser said that a page of another origin sent the request.
    pub fn is_cross_origin(&self) -> bool {
        matches!(*self.0, CsrfErrorKind::FetchSite | CsrfErrorKind::Origin)
    }

    /// Whether the request needed a token and had none.
    pub fn is_token_missing(&self) -> bool {
        matches!(*self.0, CsrfErrorKind::TokenMissing)
    }

    /// Whether the request needed a token, and had one that is not of its session: the session was
    /// renewed or has ended since, or the token was made up.
    pub fn is_token_wrong(&self) -> bool {
        matches!(*self.0, CsrfErrorKind::TokenWrong)
    }
}
