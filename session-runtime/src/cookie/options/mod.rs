//! The name and the attributes of the cookie (RFC 6265bis).

mod rules;

use cookie::Cookie;

use super::set_cookie::CookieTemplate;
use crate::error::ConfigError;

/// Whether browsers send the cookie with requests from other sites.
///
/// It is the attribute `SameSite` (RFC 6265bis, section 4.1.2.7).
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
    /// Browsers do not send it with such requests.
    Strict,
    /// Browsers send it only with top-level navigation, such as following a link.
    Lax,
    /// Browsers send it with every request. The cookie must be `Secure`.
    None,
}

/// The prefix of the cookie's name. Browsers enforce what it promises.
///
/// The prefixes are those of RFC 6265bis, section 4.1.3.
///
/// ```
/// use session_runtime::{CookieOptions, CookiePrefix};
///
/// // One session for `example.com` and its subdomains. `__Host-` would not allow a domain.
/// let shared = CookieOptions::new().domain("example.com").prefix(CookiePrefix::Secure);
/// # let _ = shared;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookiePrefix {
    /// `__Host-`: `Secure`, `Path=/`, no `Domain`. No other host can set or overwrite the cookie.
    Host,
    /// `__Secure-`: `Secure`.
    Secure,
    /// No prefix.
    None,
}

/// The name and the attributes of the session cookie (RFC 6265bis).
///
/// The default is `__Host-id=…; HttpOnly; Secure; SameSite=Lax; Path=/`, without `Domain`. It lasts
/// until the browser is closed. [`SessionsBuilder::build`](crate::SessionsBuilder::build) refuses
/// options that contradict each other.
///
/// ```
/// use session_runtime::{CookieOptions, SameSite};
///
/// // For plain HTTP in a closed network. The cookie is not `Secure`, so its name has no prefix.
/// let options = CookieOptions::new().name("sid").secure(false).same_site(SameSite::Strict);
/// # let _ = options;
/// ```
///
/// # During development
///
/// Browsers also keep `Secure` cookies from `http://localhost` and `http://127.0.0.1`, although
/// that is not HTTPS. So the defaults work there.
///
/// Safari does not keep them ([WebKit bug 281149](https://bugs.webkit.org/show_bug.cgi?id=281149)):
/// every request begins a new session. In 2026 WebKit [was
/// changed](https://github.com/WebKit/WebKit/pull/61338) to accept `Secure` cookies of loopback
/// addresses on macOS 26 and later, once the system's cookie storage keeps them. Until then serve
/// HTTPS during development, with a certificate that the machine trusts. Or leave out `Secure` in
/// development builds:
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
/// The tests ran with Chromium 156, over plain HTTP on `localhost` and `127.0.0.1`, with axum and
/// actix-web:
///
/// - The browser keeps and returns the default cookie, also in chunks. Scripts do not see it. It is
///   gone when the browser is closed. With [`persistent`](Self::persistent) or
///   [`Session::remember`](crate::Session::remember) it is still there after a restart.
/// - `Lax`: a link from another site sends the cookie, a form and a frame do not. `Strict`: no link
///   sends it either. `None`: form and frame send it, unless the browser blocks third-party
///   cookies.
/// - `Partitioned`: a frame on another site's page has its own session, which lasts.
/// - [`path`](Self::path) and [`domain`](Self::domain) decide which pages get it. The domain
///   `shop.localhost` was shared with `till.shop.localhost`.
/// - Deleting a session removes the cookie, with each of these attributes.
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
    /// Starts with the defaults.
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

    /// Sets the name without its prefix; `id` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the prefix of the name.
    ///
    /// By default it is [`CookiePrefix::Host`] if the cookie is `Secure`, and none otherwise.
    pub fn prefix(mut self, prefix: CookiePrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Sets the path below which browsers send the cookie; `/` by default.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets a domain whose subdomains get the cookie, too.
    ///
    /// By default only the host that set the cookie gets it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Whether browsers send it with requests from other sites; [`SameSite::Lax`] by default.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Whether browsers send it only over HTTPS; on by default.
    ///
    /// They also send it to localhost, except [Safari](Self#during-development).
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether it is hidden from scripts; on by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether each site that embeds this one gets a cookie of its own; off by default.
    ///
    /// It is the attribute `Partitioned` (CHIPS). The cookie must be `Secure`, and browsers send it
    /// in a frame only with `SameSite=None`.
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.partitioned = partitioned;
        self
    }

    /// Whether browsers keep the cookie after they are closed; off by default.
    ///
    /// It applies to every visitor. [`Session::remember`](crate::Session::remember) asks for it for
    /// one session.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    pub(crate) fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Checks the options against the rules of RFC 6265bis.
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

    /// The attributes, as a cookie without name and value.
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
}
