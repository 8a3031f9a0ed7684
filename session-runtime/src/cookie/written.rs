//! `Set-Cookie` headers to be.

use http::{HeaderName, HeaderValue, header};

/// The values of one or more `Set-Cookie` headers: several if a session is spread over several
/// cookies.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookies {
    first: HeaderValue,
    more: Vec<HeaderValue>,
}

impl SetCookies {
    pub(crate) fn new(first: HeaderValue) -> Self {
        Self { first, more: Vec::new() }
    }

    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = HeaderValue>) {
        self.more.extend(more);
    }

    /// Each value, to go into a header of its own.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let values = std::iter::once(&self.first).chain(&self.more);
        // The template writes nothing else.
        values.map(|value| value.to_str().expect("a cookie is visible ASCII"))
    }

    /// Tells `append` which headers to append to the response.
    pub(crate) fn headers(
        self,
        has_cache_control: bool,
        mut append: impl FnMut(HeaderName, HeaderValue),
    ) {
        append(header::SET_COOKIE, self.first);
        for cookie in self.more {
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
        write!(f, "SetCookies({})", 1 + self.more.len())
    }
}
