//! The `Set-Cookie` headers of a response.

use http::{HeaderName, HeaderValue, header};
use smallvec::SmallVec;

/// The values of one or more `Set-Cookie` headers (RFC 6265bis, section 4.1).
///
/// There are several if a session is spread over several cookies. `Debug` shows only their number.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header};
/// use session_runtime::SetCookies;
///
/// fn append(cookies: &SetCookies, headers: &mut HeaderMap) {
///     for value in cookies.iter().map(HeaderValue::from_str) {
///         headers.append(header::SET_COOKIE, value.expect("a cookie is visible ASCII"));
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookies(SmallVec<[HeaderValue; 1]>);

impl SetCookies {
    pub(crate) fn new(first: HeaderValue) -> Self {
        Self(SmallVec::from_buf([first]))
    }

    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = HeaderValue>) {
        self.0.extend(more);
    }

    /// The values, each for a header of its own.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        // The template writes nothing else.
        self.0.iter().map(|value| value.to_str().expect("a cookie is visible ASCII"))
    }

    /// Calls `append` with each header that the response needs.
    ///
    /// No cache may keep a response with a cookie, unless the handler `has_cache_control`.
    pub(crate) fn headers(
        self,
        has_cache_control: bool,
        mut append: impl FnMut(HeaderName, HeaderValue),
    ) {
        for cookie in self.0 {
            append(header::SET_COOKIE, cookie);
        }
        if !has_cache_control {
            append(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

impl std::fmt::Debug for SetCookies {
    /// Shows how many there are, never a value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SetCookies({})", self.0.len())
    }
}
