//! How the cookie is written (RFC 6265bis).

use std::time::Duration;

use cookie::Cookie;

use crate::error::ConfigError;

/// Whether the cookie travels with requests that other sites cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With top-level navigation alone, such as following a link.
    Lax,
    /// Always; needs `Secure`.
    None,
}

/// A name prefix that makes browsers enforce attributes (RFC 6265bis, section 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePrefix {
    /// `__Host-`: `Secure`, `Path=/`, no `Domain`. No other host can set or overwrite the cookie.
    Host,
    /// `__Secure-`: `Secure`.
    Secure,
    /// None.
    None,
}

/// Name and attributes of the session cookie.
///
/// The default is `__Host-id=…; HttpOnly; Secure; SameSite=Lax; Path=/`, without `Domain`, gone when
/// the browser is closed. What cannot work together is refused by
/// [`SessionsBuilder::build`](crate::SessionsBuilder::build).
///
/// ```
/// use session_runtime::{CookieOptions, SameSite};
///
/// // Plain HTTP in a closed network: no `Secure`, hence no prefix; the cookie is called `sid`.
/// let options = CookieOptions::new().name("sid").secure(false).same_site(SameSite::Strict);
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct CookieOptions {
    name: String,
    prefix: Option<CookiePrefix>,
    path: String,
    domain: Option<String>,
    same_site: SameSite,
    secure: bool,
    http_only: bool,
    persistent: bool,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl CookieOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            name: "id".to_owned(),
            prefix: None,
            path: "/".to_owned(),
            domain: None,
            same_site: SameSite::Lax,
            secure: true,
            http_only: true,
            persistent: false,
        }
    }

    /// The name without its prefix; `id` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The prefix of the name; by default [`CookiePrefix::Host`] when the cookie is `Secure`, and
    /// none otherwise.
    pub fn prefix(mut self, prefix: CookiePrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Below which path the cookie is sent; `/` by default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// A domain whose subdomains get the cookie too; by default just the host that set it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether it travels with requests that other sites cause; [`SameSite::Lax`] by default.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Whether it is sent over HTTPS alone (and to localhost); on by default.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether it is hidden from scripts; on by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether the browser keeps every visitor's cookie after it is closed; off by default.
    /// [`Session::remember`](crate::Session::remember) asks for it for one session.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    pub(crate) fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Checks what RFC 6265bis says about the combination.
    pub(crate) fn build(self) -> Result<CookieTemplate, ConfigError> {
        let prefix = self.prefix.unwrap_or(match self.secure {
            true => CookiePrefix::Host,
            false => CookiePrefix::None,
        });
        let fault = |message: &str| Err(ConfigError::new(message));
        if self.name.is_empty() || !self.name.bytes().all(is_token_byte) {
            return fault("the cookie name must be one or more letters, digits or !#$%&'*+-.^_`|~");
        }
        let lower = self.name.to_ascii_lowercase();
        if lower.starts_with("__host-") || lower.starts_with("__secure-") {
            return fault("set the cookie's prefix with `prefix`, not in its name");
        }
        if prefix != CookiePrefix::None && !self.secure {
            return fault("a cookie with a `__Host-` or `__Secure-` prefix must be `Secure`");
        }
        if prefix == CookiePrefix::Host && self.domain.is_some() {
            return fault(
                "a `__Host-` cookie cannot have a `Domain`; use `CookiePrefix::Secure` or drop the domain",
            );
        }
        if prefix == CookiePrefix::Host && self.path != "/" {
            return fault(
                "a `__Host-` cookie must have `Path=/`; use `CookiePrefix::Secure` or drop the path",
            );
        }
        if self.same_site == SameSite::None && !self.secure {
            return fault("a `SameSite=None` cookie must be `Secure`");
        }
        if !self.path.starts_with('/') || !self.path.bytes().all(is_attribute_byte) {
            return fault(
                "the cookie path must start with `/` and hold no `;` or control character",
            );
        }
        if let Some(domain) = &self.domain
            && (domain.is_empty() || !domain.bytes().all(is_domain_byte))
        {
            return fault("the cookie domain must be a host name");
        }
        let name = match prefix {
            CookiePrefix::Host => format!("__Host-{}", self.name),
            CookiePrefix::Secure => format!("__Secure-{}", self.name),
            CookiePrefix::None => self.name.clone(),
        };
        Ok(CookieTemplate { options: self, name })
    }
}

/// Token characters of RFC 9110, section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_attribute_byte(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b';'
}

fn is_domain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-".contains(&byte)
}

/// Checked options: writes `Set-Cookie` values.
#[derive(Debug)]
pub(crate) struct CookieTemplate {
    options: CookieOptions,
    name: String,
}

impl CookieTemplate {
    /// The whole name, prefix included.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A cookie that holds `value`, for as long as the browser runs or for `max_age`.
    pub(crate) fn set(&self, value: &str, max_age: Option<Duration>) -> String {
        let mut cookie = self.cookie(value);
        if let Some(max_age) = max_age {
            let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
            cookie.set_max_age(cookie::time::Duration::seconds(seconds));
        }
        cookie.to_string()
    }

    /// A cookie that removes the one that [`set`](Self::set) wrote.
    pub(crate) fn remove(&self) -> String {
        let mut cookie = self.cookie("");
        cookie.set_max_age(cookie::time::Duration::ZERO);
        cookie.to_string()
    }

    fn cookie<'a>(&'a self, value: &'a str) -> Cookie<'a> {
        let options = &self.options;
        let mut cookie = Cookie::build((self.name.as_str(), value))
            .path(options.path.as_str())
            .http_only(options.http_only)
            .secure(options.secure)
            .same_site(match options.same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            });
        if let Some(domain) = &options.domain {
            cookie = cookie.domain(domain.as_str());
        }
        cookie.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_defaults_and_removes_with_the_same_attributes() {
        let template = CookieOptions::new().build().unwrap();
        assert_eq!(template.set("v", None), "__Host-id=v; HttpOnly; SameSite=Lax; Secure; Path=/");
        assert_eq!(
            template.remove(),
            "__Host-id=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"
        );
        let shared = CookieOptions::new()
            .prefix(CookiePrefix::Secure)
            .domain("example.org")
            .path("/app")
            .build()
            .unwrap();
        assert_eq!(
            shared.set("v", Some(Duration::from_secs(9))),
            "__Secure-id=v; HttpOnly; SameSite=Lax; Secure; Path=/app; Domain=example.org; Max-Age=9"
        );
    }

    #[test]
    fn refuses_what_browsers_refuse() {
        let refused = [
            (CookieOptions::new().domain("example.org"), "Domain"),
            (CookieOptions::new().path("/app"), "Path=/"),
            (CookieOptions::new().secure(false).prefix(CookiePrefix::Host), "Secure"),
            (CookieOptions::new().secure(false).same_site(SameSite::None), "SameSite=None"),
            (CookieOptions::new().name("a b"), "name"),
            (CookieOptions::new().name("__Host-id"), "prefix"),
            (CookieOptions::new().prefix(CookiePrefix::None).path("/;x"), "path"),
        ];
        for (options, word) in refused {
            let message = options.build().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
