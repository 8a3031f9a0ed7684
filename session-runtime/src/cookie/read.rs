//! Finding cookies in `Cookie` headers (RFC 6265bis, section 5.7.3, read leniently).

use http::HeaderValue;

/// The `Cookie` headers of a request, kept unread.
#[derive(Clone, Debug, Default)]
pub(crate) struct CookieHeaders {
    /// Nearly every request has one header at most, so that one needs no list.
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
}

impl FromIterator<HeaderValue> for CookieHeaders {
    fn from_iter<I: IntoIterator<Item = HeaderValue>>(headers: I) -> Self {
        let mut headers = headers.into_iter();
        Self { first: headers.next(), more: headers.collect() }
    }
}

impl CookieHeaders {
    /// Whether there is a cookie called `name`.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The values of all cookies called `name`, in the order of the headers, without quotes.
    pub(crate) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.first
            .iter()
            .chain(&self.more)
            .flat_map(|header| header.as_bytes().split(|&byte| byte == b';'))
            .filter_map(move |pair| value_of(pair, name.as_bytes()))
    }
}

fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = pair.trim_ascii_start().strip_prefix(name)?.trim_ascii_start();
    let value = rest.strip_prefix(b"=")?.trim_ascii();
    Some(match value {
        [b'"', quoted @ .., b'"'] => quoted,
        plain => plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(headers: &[&'static [u8]], name: &str) -> Vec<Vec<u8>> {
        let headers: CookieHeaders =
            headers.iter().map(|bytes| HeaderValue::from_bytes(bytes).unwrap()).collect();
        headers.values(name).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn finds_every_cookie_of_the_name_in_any_header() {
        let headers: &[&[u8]] = &[b"a=1; id=x;id=\"y\"", b" id = z ; idx=no; xid=no"];
        assert_eq!(values(headers, "id"), [b"x", b"y", b"z"]);
    }

    #[test]
    fn rubbish_hides_no_cookie() {
        let headers: &[&[u8]] = &[b";;=;\xff\xfe=\xff; id; id=; id=ok; =id", b"", b"id"];
        assert_eq!(values(headers, "id"), [&b""[..], b"ok"]);
    }
}
