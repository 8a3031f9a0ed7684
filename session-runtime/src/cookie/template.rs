//! Writing the cookie: name, value, and the attributes that were checked once.

use std::time::Duration;

use cookie::Cookie;

/// Checked options: writes `Set-Cookie` values.
#[derive(Debug)]
pub(crate) struct CookieTemplate {
    name: String,
    /// What follows the value.
    attributes: String,
}

impl CookieTemplate {
    /// Writes cookies with the attributes of `cookie`, which has no name and no value.
    pub(crate) fn new(name: String, cookie: &Cookie<'_>) -> Self {
        let cookie = cookie.to_string();
        Self { name, attributes: cookie.strip_prefix('=').unwrap_or(&cookie).to_owned() }
    }

    /// The whole name, prefix included.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The cookie `name` with `value`, for as long as the browser runs or for `max_age`.
    pub(crate) fn set(&self, name: &str, value: &str, max_age: Option<Duration>) -> String {
        let max_age = max_age.map(|max_age| format!("; Max-Age={}", max_age.as_secs()));
        [name, "=", value, &self.attributes, max_age.as_deref().unwrap_or_default()].concat()
    }

    /// A cookie that removes the one that [`set`](Self::set) wrote.
    pub(crate) fn remove(&self, name: &str) -> String {
        self.set(name, "", Some(Duration::ZERO))
    }
}
