//! How the cookie is written (RFC 6265bis).

use cookie::Cookie;

use super::template::CookieTemplate;
use crate::error::ConfigError;

/// Whether the cookie travels with requests that other sites cause.
///
/// ```
/// use session_runtime::{CookieOptions, SameSite};
///
/// // For an application that lives in a frame on other sites' pages.
/// let framed = CookieOptions::new().same_site(SameSite::None).partitioned(true);
/// # let _ = framed;
/// ```
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
///
/// ```
/// use session_runtime::{CookieOptions, CookiePrefix};
///
/// // One session for `example.com` and the hosts below it, where `__Host-` is not possible.
/// let shared = CookieOptions::new().domain("example.com").prefix(CookiePrefix::Secure);
/// # let _ = shared;
/// ```
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
///
/// # During development
///
/// Browsers keep `Secure` cookies of `http://localhost` and `http://127.0.0.1` too, although it is not HTTPS, so
/// the defaults work there. Safari does not ([WebKit bug 281149](https://bugs.webkit.org/show_bug.cgi?id=281149)): what is kept
/// in the session is gone with the next request. A [change to WebKit](https://github.com/WebKit/WebKit/pull/61338)
/// of 2026 lets `Secure` cookies of loopback addresses through on macOS 26 and later, once the
/// system's cookie storage keeps them. Until then serve HTTPS during development, with a certificate that the
/// machine trusts, or leave `Secure` out of development builds:
///
/// ```
/// # use session_runtime::CookieOptions;
/// // `id` without a prefix in debug builds, `__Host-id` in release builds.
/// let options = CookieOptions::new().secure(!cfg!(debug_assertions));
/// # let _ = options;
/// ```
///
/// # What was tested
///
/// These are tests with Chromium 156, over plain HTTP on `localhost` and `127.0.0.1`, with axum and actix-web:
///
/// - The default cookie is kept and returned, also in chunks, hidden from scripts, and gone when the browser is
///   closed. With [`persistent`](Self::persistent) or [`Session::remember`](crate::Session::remember) it is still
///   there when the browser is opened again.
/// - `Lax`: a form and a frame of another site come without it, a link with it. `Strict`: neither does a link.
///   `None`: form and frame have it, unless the visitor's browser blocks third-party cookies.
/// - `Partitioned`: within a frame on another site's page there is a session of its own, that lasts.
/// - [`path`](Self::path) and [`domain`](Self::domain) (of `shop.localhost`, shared with `till.shop.localhost`)
///   decide who gets it.
/// - Ending a session removes the cookie, with each of these attributes.
#[derive(Clone, Debug)]
pub struct CookieOptions {
    name: String,
    prefix: Option<CookiePrefix>,
    path: String,
    domain: Option<String>,
    same_site: SameSite,
    secure: bool,
    http_only: bool,
    partitioned: bool,
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
            partitioned: false,
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

    /// Whether it is sent over HTTPS alone, and to localhost [but for Safari](Self#during-development);
    /// on by default.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether it is hidden from scripts; on by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether a page of another site that embeds this one gets a cookie of its own (CHIPS,
    /// `Partitioned`); off by default. Needs `Secure`, and `SameSite=None` to be sent at all.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
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

    /// Checks what RFC 6265bis says about each value and about their combination.
    pub(crate) fn build(self) -> Result<CookieTemplate, ConfigError> {
        let prefix = self.prefix.unwrap_or(match self.secure {
            true => CookiePrefix::Host,
            false => CookiePrefix::None,
        });
        match self.fault(prefix) {
            Some(message) => Err(ConfigError::new(message)),
            None => Ok(CookieTemplate::new(self.full_name(prefix), &self.cookie())),
        }
    }

    fn full_name(&self, prefix: CookiePrefix) -> String {
        match prefix {
            CookiePrefix::Host => format!("__Host-{}", self.name),
            CookiePrefix::Secure => format!("__Secure-{}", self.name),
            CookiePrefix::None => self.name.clone(),
        }
    }

    /// A cookie without name and value.
    fn cookie(&self) -> Cookie<'_> {
        let cookie = Cookie::build(("", ""))
            .path(&*self.path)
            .http_only(self.http_only)
            .secure(self.secure)
            .partitioned(self.partitioned)
            .same_site(match self.same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            });
        match &self.domain {
            Some(domain) => cookie.domain(&**domain).build(),
            None => cookie.build(),
        }
    }

    /// The rule that is broken, if any is.
    fn fault(&self, prefix: CookiePrefix) -> Option<&'static str> {
        let lower = self.name.to_ascii_lowercase();
        let names_prefix = ["__host-", "__secure-", "__http-"];
        let rules = [
            (
                self.name.is_empty() || !self.name.bytes().all(is_token_byte),
                "the cookie name must be one or more letters, digits or !#$%&'*+-.^_`|~ \
                 (RFC 6265bis, section 4.1.1)",
            ),
            (
                self.name.len() > MAX_NAME_BYTES,
                "the cookie name must not be longer than 256 bytes: name and value together have \
                 room for 4096 (RFC 6265bis, section 5.6)",
            ),
            (
                names_prefix.iter().any(|prefix| lower.starts_with(prefix)),
                "set the cookie's prefix with `prefix`, not in its name",
            ),
            (
                prefix != CookiePrefix::None && !self.secure,
                "a cookie with a `__Host-` or `__Secure-` prefix must be `Secure` (RFC 6265bis, \
                 section 4.1.3)",
            ),
            (
                prefix == CookiePrefix::Host && self.domain.is_some(),
                "a `__Host-` cookie cannot have a `Domain` (RFC 6265bis, section 4.1.3.2); use \
                 `CookiePrefix::Secure` or drop the domain",
            ),
            (
                prefix == CookiePrefix::Host && self.path != "/",
                "a `__Host-` cookie must have `Path=/` (RFC 6265bis, section 4.1.3.2); use \
                 `CookiePrefix::Secure` or drop the path",
            ),
            (
                self.same_site == SameSite::None && !self.secure,
                "a `SameSite=None` cookie must be `Secure` (RFC 6265bis, section 5.7)",
            ),
            (
                self.partitioned && !self.secure,
                "a `Partitioned` cookie must be `Secure` (CHIPS, section 2.1)",
            ),
            (
                !self.path.starts_with('/') || !self.path.bytes().all(is_attribute_byte),
                "the cookie path must start with `/` and hold printable ASCII without `;` \
                 (RFC 6265bis, section 4.1.1)",
            ),
            (
                self.domain.as_deref().is_some_and(|domain| !is_domain(domain)),
                "the cookie domain must be a host name in ASCII, such as `example.org`; browsers \
                 ignore one that is an address or a single label (RFC 6265bis, section 5.6.3)",
            ),
            (
                self.path.len() > MAX_ATTRIBUTE_BYTES,
                "the cookie path must not be longer than 1024 bytes (RFC 6265bis, section 5.6)",
            ),
        ];
        rules.into_iter().find_map(|(broken, message)| broken.then_some(message))
    }
}

/// Browsers ignore longer attributes.
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

/// Leaves room for the value.
const MAX_NAME_BYTES: usize = 256;

/// Token characters of RFC 9110, section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_attribute_byte(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b';'
}

/// Two labels or more, the last not a number, and no empty one.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn writes_the_defaults_and_removes_with_the_same_attributes() {
        let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/";
        let template = CookieOptions::new().build().unwrap();
        let name = template.name();
        assert_eq!(template.set(name, "v", None), format!("__Host-id=v; {attributes}"));
        assert_eq!(template.remove(name), format!("__Host-id=; {attributes}; Max-Age=0"));
        let shared = CookieOptions::new()
            .prefix(CookiePrefix::Secure)
            .domain("example.org")
            .path("/app")
            .same_site(SameSite::None)
            .partitioned(true)
            .build()
            .unwrap();
        let set = "__Secure-id=v; HttpOnly; SameSite=None; Partitioned; Secure; Path=/app; \
                   Domain=example.org; Max-Age=9";
        assert_eq!(shared.set(shared.name(), "v", Some(Duration::from_secs(9))), set);
        let removal = set.replace("=v;", "=;").replace("Max-Age=9", "Max-Age=0");
        assert_eq!(shared.remove(shared.name()), removal);
    }

    #[test]
    fn refuses_what_browsers_refuse() {
        let options = CookieOptions::new;
        let shared = || options().prefix(CookiePrefix::Secure);
        let refused = [
            (options().domain("example.org"), "4.1.3.2"),
            (options().path("/app"), "Path=/"),
            (options().secure(false).prefix(CookiePrefix::Host), "4.1.3"),
            (options().secure(false).prefix(CookiePrefix::Secure), "4.1.3"),
            (options().secure(false).same_site(SameSite::None), "SameSite=None"),
            (options().secure(false).partitioned(true), "Partitioned"),
            (options().name("a b"), "name"),
            (options().name(""), "name"),
            (options().name("n".repeat(257)), "256"),
            (options().name("__Host-id"), "prefix"),
            (options().name("__http-id"), "prefix"),
            (shared().path("/;x"), "path"),
            (shared().path("x"), "path"),
            (shared().path("/\u{e4}"), "path"),
            (shared().path("/".repeat(1_025)), "1024"),
            (shared().domain(""), "domain"),
            (shared().domain("localhost"), "domain"),
            (shared().domain("127.0.0.1"), "domain"),
            (shared().domain(".example.org"), "domain"),
            (shared().domain("example.org; Path=/"), "domain"),
        ];
        for (options, word) in refused {
            let message = options.build().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
