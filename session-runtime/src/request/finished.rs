//! What the response to a request needs.

use std::fmt;

use http::{HeaderName, HeaderValue, header};

use crate::cookie::SetCookies;
use crate::error::SessionError;

/// What the response needs. [`SessionHandle::finish`](crate::SessionHandle::finish) answers it.
///
/// ```
/// use session_runtime::Finished;
///
/// /// The end of an adapter.
/// fn answer(mut response: http::Response<String>, finished: &Finished) -> http::Response<String> {
///     if let Some(error) = &finished.error {
///         response = http::Response::default();
///         *response.status_mut() = error.status();
///     }
///     let has_cache_control = response.headers().contains_key("cache-control");
///     finished.headers(has_cache_control, |name, value| {
///         response.headers_mut().append(name, value);
///     });
///     response
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Finished {
    /// What happens to the session cookie.
    pub cookie: CookieCommand,
    /// Why the session could not be saved. An empty response with the error's status replaces the
    /// handler's.
    pub error: Option<SessionError>,
    /// The session was read, so the response depends on the cookie.
    pub read: bool,
}

/// What happens to the session cookie.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub enum CookieCommand {
    /// It stays as it is.
    Nothing,
    /// It is set.
    Set(SetCookies),
    /// It is removed.
    Remove(SetCookies),
}

impl fmt::Debug for CookieCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Set(_) => "Set",
            Self::Remove(_) => "Remove",
        })
    }
}

impl Finished {
    pub(super) fn untouched() -> Self {
        Self { cookie: CookieCommand::Nothing, error: None, read: false }
    }

    /// Calls `append` with each header that the response needs: `Vary` if the session was read,
    /// `Set-Cookie`, and with it `Cache-Control`, unless the handler `has_cache_control`.
    pub fn headers(
        &self,
        has_cache_control: bool,
        mut append: impl FnMut(HeaderName, HeaderValue),
    ) {
        self.plain_headers(&mut append);
        if let CookieCommand::Set(cookies) | CookieCommand::Remove(cookies) = &self.cookie {
            cookies.clone().headers(has_cache_control, append);
        }
    }

    /// The headers that do not concern the cookie.
    fn plain_headers(&self, append: &mut impl FnMut(HeaderName, HeaderValue)) {
        if self.read {
            append(header::VARY, HeaderValue::from_static("cookie"));
        }
        if let Some(seconds) = self.error.as_ref().and_then(SessionError::retry_after) {
            append(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

#[cfg(any(feature = "axum", feature = "poem"))]
impl Finished {
    /// Appends the [`headers`](Self::headers) to those of the response.
    pub(crate) fn append_to(self, response: &mut http::HeaderMap) {
        self.plain_headers(&mut |name, value| {
            response.append(name, value);
        });
        if let CookieCommand::Set(cookies) | CookieCommand::Remove(cookies) = self.cookie {
            let has_cache_control = response.contains_key(header::CACHE_CONTROL);
            cookies.headers(has_cache_control, |name, value| {
                response.append(name, value);
            });
        }
    }
}
