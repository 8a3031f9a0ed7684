//! Writes the cookie: its name, its value, and the attributes that were checked once.

use std::time::Duration;

use cookie::Cookie;
use http::HeaderValue;

/// Writes the values of `Set-Cookie` headers, with options that were checked.
#[derive(Debug)]
pub(crate) struct CookieTemplate {
    name: String,
    /// The text after the value.
    attributes: String,
}

impl CookieTemplate {
    /// Takes the attributes of `cookie`, which has no name and no value.
    pub(crate) fn new(name: String, cookie: &Cookie<'_>) -> Self {
        let cookie = cookie.to_string();
        Self { name, attributes: cookie.strip_prefix('=').unwrap_or(&cookie).to_owned() }
    }

    /// The name with its prefix.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Writes the cookie `name`. Without `max_age` it lasts until the browser is closed.
    pub(crate) fn set(&self, name: &str, value: &str, max_age: Option<Duration>) -> HeaderValue {
        let max_age = max_age.map(|max_age| format!("; Max-Age={}", max_age.as_secs()));
        let parts = [name, "=", value, &self.attributes, max_age.as_deref().unwrap_or_default()];
        let mut cookie = String::with_capacity(parts.iter().map(|part| part.len()).sum());
        cookie.extend(parts);
        // The name and the attributes were checked. A value is base64url and dots.
        let mut cookie = HeaderValue::try_from(cookie).expect("a checked cookie is a header");
        cookie.set_sensitive(true);
        cookie
    }

    /// Writes the removal of a cookie that [`set`](Self::set) wrote.
    pub(crate) fn remove(&self, name: &str) -> HeaderValue {
        self.set(name, "", Some(Duration::ZERO))
    }
}
