//! What browsers refuse: the rules of RFC 6265bis for each option and for several together.

use super::{CookieOptions, CookiePrefix, SameSite};

impl CookieOptions {
    /// The rule that the options break, if they break one.
    pub(super) fn fault(&self, prefix: CookiePrefix) -> Option<&'static str> {
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
                "the cookie name must not be longer than 256 bytes: browsers accept 4096 for name \
                 and value together (RFC 6265bis, section 5.6)",
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
                "the cookie path must start with `/`, and consist of printable ASCII without `;` \
                 (RFC 6265bis, section 4.1.1)",
            ),
            (
                self.domain.as_deref().is_some_and(|domain| !is_domain(domain)),
                "the cookie domain must be a host name in ASCII, such as `example.org`; browsers \
                 ignore an address, and a name without a dot (RFC 6265bis, section 5.6.3)",
            ),
            (
                self.path.len() > MAX_ATTRIBUTE_BYTES,
                "the cookie path must not be longer than 1024 bytes (RFC 6265bis, section 5.6)",
            ),
        ];
        rules.into_iter().find_map(|(broken, message)| broken.then_some(message))
    }
}

/// Browsers ignore longer attributes (RFC 6265bis, section 5.6).
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

/// The limit leaves enough bytes for the value.
const MAX_NAME_BYTES: usize = 256;

/// Whether it is a character of a token (RFC 9110, section 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether an attribute may contain it (RFC 6265bis, section 4.1.1).
fn is_attribute_byte(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b';'
}

/// Whether it is a host name of two labels or more. If the last is a number, it is an address.
///
/// The lengths are those of RFC 1035, section 2.3.4.
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
    use super::*;

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
