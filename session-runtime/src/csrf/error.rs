//! Why a request was refused.

use std::sync::Arc;

use http::StatusCode;

use crate::error::SessionError;
use crate::telemetry;

/// Why a request was refused.
///
/// It is answered with [`status`](Self::status) and an empty body. The reason goes to `tracing`, at
/// the level `debug`, because anybody can send such requests.
///
/// To answer with a page instead, look for this error in a layer around the CSRF layer. On axum it
/// is in the extensions of the response. On actix-web it is the response's
/// [`HttpResponse::error`](https://docs.rs/actix-web/4/actix_web/struct.HttpResponse.html#method.error).
/// On poem put `catch_error` between the two middlewares.
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
    #[error("the `Origin` of the request is neither this host nor a trusted origin")]
    Origin,
    #[error("the request has neither `Sec-Fetch-Site` nor `Origin`, and no CSRF token")]
    TokenMissing,
    #[error(
        "the request has neither `Sec-Fetch-Site` nor `Origin`, and its CSRF token does not \
         belong to its session"
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

    /// Makes the error and tells the operator, once for each refused request.
    fn report(kind: CsrfErrorKind) -> Self {
        let error = Self(Arc::new(kind));
        match &*error.0 {
            CsrfErrorKind::Session(source) => source.report("checking for a forged request"),
            #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
            CsrfErrorKind::MissingLayer(_) => {
                tracing::error!(%error, "the protection against forged requests is not set up");
            }
            _ => telemetry::forged(error.reason()),
        }
        error
    }

    /// The reason as a word for logs and metrics.
    ///
    /// It is `fetch-site`, `origin`, `token-missing`, `token-wrong`, `session` if the session could
    /// not be loaded, or `layer` if a layer is missing.
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

    /// The HTTP status that answers it; mostly 403.
    ///
    /// If the session could not be loaded, it is the status of the [`SessionError`]. If a layer is
    /// missing, it is 500.
    pub fn status(&self) -> StatusCode {
        match &*self.0 {
            CsrfErrorKind::Session(error) => error.status(),
            #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
            CsrfErrorKind::MissingLayer(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Whether the headers say that a page of another origin sent the request.
    pub fn is_cross_origin(&self) -> bool {
        matches!(*self.0, CsrfErrorKind::FetchSite | CsrfErrorKind::Origin)
    }

    /// Whether the request needed a token and had none.
    pub fn is_token_missing(&self) -> bool {
        matches!(*self.0, CsrfErrorKind::TokenMissing)
    }

    /// Whether the request needed a token, and had one that does not belong to its session.
    ///
    /// The session was renewed or deleted since, or has expired. Or the token is forged.
    pub fn is_token_wrong(&self) -> bool {
        matches!(*self.0, CsrfErrorKind::TokenWrong)
    }
}
