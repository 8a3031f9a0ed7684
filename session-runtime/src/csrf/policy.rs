//! Judging by its headers who sent a request.

use std::sync::Arc;

use http::Uri;

use super::error::CsrfError;
use crate::error::ConfigError;

/// Whose requests pass: this site's own pages, and trusted origins.
///
/// Clones share the list of origins.
///
/// ```
/// use session_runtime::csrf::CsrfPolicy;
///
/// let policy = CsrfPolicy::new().trust_origin("https://login.example.com")?;
/// # let _ = policy;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CsrfPolicy {
    trusted: Arc<Vec<String>>,
}

/// What [`CsrfPolicy::judge`] says of a request that it does not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The request passes.
    Passes,
    /// The headers do not say who sent it. It passes if it has a token of its session.
    NeedsToken,
}

impl CsrfPolicy {
    /// A policy that lets only this site's own pages send requests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the pages of `origin` send requests too.
    ///
    /// That can be a form on another host of yours, or a login provider that posts its answer.
    /// Write the origin as browsers do: `https://login.example.com`, with a port only if it is not
    /// the scheme's own.
    ///
    /// # Errors
    ///
    /// If `origin` is not written as browsers write one.
    pub fn trust_origin(mut self, origin: &str) -> Result<Self, ConfigError> {
        if !is_origin(origin) {
            return Err(ConfigError::new(format_args!(
                "`{origin}` is not an origin as browsers write it; write for example \
                 `https://login.example.com`, without a path and without the scheme's own port"
            )));
        }
        Arc::make_mut(&mut self.trusted).push(origin.to_owned());
        Ok(self)
    }

    /// Judges a request by its method and headers, for adapters.
    ///
    /// `header` answers the value of a header. Its name is in lower case. For `host` it answers
    /// `:authority` if the request has one, as in HTTP/2.
    ///
    /// ```
    /// use session_runtime::csrf::{Csrf, CsrfError, CsrfPolicy, Judgement};
    /// use session_runtime::SessionHandle;
    ///
    /// /// Runs before the handler. An adapter for HTTP/2 and for tokens in forms does more.
    /// async fn protect(
    ///     policy: &CsrfPolicy,
    ///     request: &http::Request<()>,
    ///     session: &SessionHandle,
    /// ) -> Result<(), CsrfError> {
    ///     let header = |name| request.headers().get(name).map(http::HeaderValue::as_bytes);
    ///     match policy.judge(request.method().as_str(), header)? {
    ///         Judgement::Passes => Ok(()),
    ///         Judgement::NeedsToken => Csrf::check(session, header("x-csrf-token")).await,
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If a page of another origin sent the request.
    pub fn judge<'h>(
        &self,
        method: &str,
        header: impl Fn(&'static str) -> Option<&'h [u8]>,
    ) -> Result<Judgement, CsrfError> {
        let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        let opens_websocket =
            || header("upgrade").is_some_and(|to| to.eq_ignore_ascii_case(b"websocket"));
        if is_safe && !opens_websocket() {
            return Ok(Judgement::Passes);
        }
        let origin = header("origin");
        if origin.is_some_and(|origin| self.trusts(origin)) {
            return Ok(Judgement::Passes);
        }
        match (header("sec-fetch-site"), origin) {
            (Some(b"same-origin" | b"none"), _) => Ok(Judgement::Passes),
            (Some(_), _) => Err(CsrfError::fetch_site()),
            (None, Some(origin)) if is_of_host(origin, header("host")) => Ok(Judgement::Passes),
            (None, Some(_)) => Err(CsrfError::origin()),
            // A browser names the origin of every websocket.
            (None, None) if is_safe => Ok(Judgement::Passes),
            (None, None) => Ok(Judgement::NeedsToken),
        }
    }

    /// [`judge`](Self::judge) for frameworks with the types of the crate `http`.
    #[cfg(any(feature = "axum", feature = "poem"))]
    pub(crate) fn judge_http(
        &self,
        method: &http::Method,
        uri: &Uri,
        headers: &http::HeaderMap,
    ) -> Result<Judgement, CsrfError> {
        let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
        self.judge(method.as_str(), |name| match (name, authority) {
            ("host", Some(authority)) => Some(authority),
            _ => headers.get(name).map(http::HeaderValue::as_bytes),
        })
    }

    fn trusts(&self, origin: &[u8]) -> bool {
        self.trusted.iter().any(|trusted| trusted.as_bytes() == origin)
    }
}

/// Whether `text` is an origin as browsers write it (RFC 6454, section 6.2): in lower case, without
/// a path, a user or the scheme's own port.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let own_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return false,
    };
    let has_no_port = authority.as_str() == authority.host();
    (has_no_port || authority.port_u16().is_some_and(|port| port != own_port))
        && !authority.as_str().contains('*')
        && !authority.as_str().contains('@')
        && !authority.as_str().contains(|c: char| c.is_ascii_uppercase())
        && text == format!("{scheme}://{authority}")
}

/// Whether `origin` is this `host`. The scheme is not compared, because behind a proxy ours is
/// unknown.
fn is_of_host(origin: &[u8], host: Option<&[u8]>) -> bool {
    let authority = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a policy that trusts `https://login.example` says of a request.
    fn judge(method: &str, headers: &[(&str, &'static str)]) -> &'static str {
        let policy = CsrfPolicy::new().trust_origin("https://login.example").unwrap();
        let judged = policy.judge(method, |name| {
            Some(headers.iter().find(|header| header.0 == name)?.1.as_bytes())
        });
        match judged {
            Ok(Judgement::Passes) => "passes",
            Ok(Judgement::NeedsToken) => "needs a token",
            Err(error) => match error.is_cross_origin() && error.status() == 403 {
                true => "refused",
                false => "another error",
            },
        }
    }

    const HOST: (&str, &str) = ("host", "tea.example:8080");
    const OURS: (&str, &str) = ("origin", "https://tea.example:8080");
    const EVIL: (&str, &str) = ("origin", "https://evil.example");
    const NULL: (&str, &str) = ("origin", "null");
    const TRUSTED: (&str, &str) = ("origin", "https://login.example");

    const fn site(value: &'static str) -> (&'static str, &'static str) {
        ("sec-fetch-site", value)
    }

    #[test]
    fn methods_that_change_nothing_pass() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert_eq!(judge(method, &[HOST, EVIL, site("cross-site")]), "passes", "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "WHATEVER"] {
            assert_eq!(judge(method, &[HOST, EVIL]), "refused", "{method}");
            assert_eq!(judge(method, &[HOST]), "needs a token", "{method}");
        }
    }

    #[test]
    fn sec_fetch_site_decides_where_it_is() {
        for (value, expected) in [
            ("same-origin", "passes"),
            ("none", "passes"),
            ("same-site", "refused"),
            ("cross-site", "refused"),
            ("Same-Origin", "refused"),
            ("something-new", "refused"),
            ("", "refused"),
        ] {
            for origin in [OURS, EVIL, NULL] {
                assert_eq!(judge("POST", &[HOST, origin, site(value)]), expected, "{value}");
            }
            assert_eq!(judge("POST", &[site(value)]), expected, "{value}");
            assert_eq!(judge("POST", &[HOST, TRUSTED, site(value)]), "passes", "{value}");
        }
    }

    #[test]
    fn without_it_the_origin_must_be_this_host_or_trusted() {
        for (origin, expected) in [
            ("https://tea.example:8080", "passes"),
            ("http://tea.example:8080", "passes"),
            ("https://login.example", "passes"),
            ("https://tea.example", "refused"),
            ("https://tea.example:80", "refused"),
            ("https://shop.tea.example:8080", "refused"),
            ("https://tea.example:8080.evil.example", "refused"),
            ("https://tea.example:8080/", "refused"),
            ("https://login.example.evil.example", "refused"),
            ("http://login.example", "refused"),
            ("tea.example:8080", "refused"),
            ("ftp://tea.example:8080", "refused"),
            ("null", "refused"),
            ("", "refused"),
        ] {
            assert_eq!(judge("POST", &[HOST, ("origin", origin)]), expected, "{origin}");
        }
        assert_eq!(judge("POST", &[("host", "TEA.example:8080"), OURS]), "passes");
        assert_eq!(judge("POST", &[OURS]), "refused", "there is no host to compare with");
    }

    #[test]
    fn with_neither_a_token_is_needed() {
        assert_eq!(judge("POST", &[HOST]), "needs a token");
        assert_eq!(judge("DELETE", &[]), "needs a token");
        assert_eq!(judge("POST", &[HOST, ("upgrade", "websocket")]), "needs a token");
    }

    #[test]
    fn websockets_are_opened_by_our_own_pages_and_by_what_is_no_browser() {
        let upgrade = ("upgrade", "WebSocket");
        assert_eq!(judge("GET", &[HOST, upgrade, OURS]), "passes");
        assert_eq!(judge("GET", &[HOST, upgrade, TRUSTED]), "passes");
        assert_eq!(judge("GET", &[HOST, upgrade, EVIL]), "refused");
        assert_eq!(judge("GET", &[HOST, upgrade, NULL]), "refused");
        assert_eq!(judge("GET", &[HOST, upgrade, OURS, site("same-site")]), "refused");
        assert_eq!(judge("GET", &[HOST, upgrade]), "passes");
        assert_eq!(judge("GET", &[HOST, ("upgrade", "h2c"), EVIL]), "passes");
    }

    #[test]
    fn only_what_a_browser_may_send_can_be_trusted() {
        for origin in ["https://a.example", "http://localhost:3000", "https://[::1]:8443"] {
            assert!(CsrfPolicy::new().trust_origin(origin).is_ok(), "{origin}");
        }
        for text in [
            "",
            "null",
            "*",
            "a.example",
            "//a.example",
            "ftp://a.example",
            "https://",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?query",
            "https://A.example",
            "HTTPS://a.example",
            "https://me@a.example",
            "https://a.example:443",
            "https://a.example:",
            "https://a.example:99999",
            "https://*.example",
            "http://a.example:80",
            "https://tee.exämple",
        ] {
            let error = CsrfPolicy::new().trust_origin(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not an origin")), "{error}");
        }
    }
}
