//! Finds cookies in `Cookie` headers (RFC 6265bis, section 4.2).
//!
//! A part of a header that is no cookie is skipped, so that it does not hide the others.

use http::HeaderValue;
use memchr::memchr;
use smallvec::SmallVec;

/// The `Cookie` headers of a request, not read yet. Nearly every request has at most one.
// No `Debug`: it would show the cookies.
#[derive(Clone, Default)]
pub(crate) struct CookieHeaders(SmallVec<[HeaderValue; 1]>);

impl FromIterator<HeaderValue> for CookieHeaders {
    fn from_iter<I: IntoIterator<Item = HeaderValue>>(headers: I) -> Self {
        let mut found = Self::default();
        for header in headers {
            found.push(header);
        }
        found
    }
}

impl CookieHeaders {
    /// The `Cookie` headers among all headers of a request.
    #[cfg(any(feature = "axum", feature = "poem"))]
    pub(crate) fn of(headers: &http::HeaderMap) -> Self {
        let mut found = Self::default();
        for header in headers.get_all(&http::header::COOKIE) {
            found.push(header.clone());
        }
        found
    }

    #[inline]
    fn push(&mut self, header: HeaderValue) {
        if self.0.len() == 1 {
            // One allocation for a few more.
            self.0.reserve(4);
        }
        self.0.push(header);
    }

    /// Whether there is no header at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a cookie called `name`.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The values of all cookies called `name`, in the order of the headers, without their quotes.
    pub(crate) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .flat_map(|header| Pairs(Some(header.as_bytes())))
            .filter_map(move |pair| value_of(pair, name.as_bytes()))
    }
}

/// The parts of a header between the semicolons.
struct Pairs<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Pairs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0?;
        let (pair, rest) = match memchr(b';', rest) {
            Some(end) => (&rest[..end], Some(&rest[end + 1..])),
            None => (rest, None),
        };
        self.0 = rest;
        Some(pair)
    }
}

/// The value of a cookie, if it is called `name`.
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
    use proptest::prelude::*;

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

    /// What a header may contain: no control characters, and often those that separate cookies.
    fn rubbish() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            3 => prop::sample::select(b"id=;\" \t,".to_vec()),
            2 => (b' '..=b'~').prop_map(|byte| byte),
            1 => 0x80..=0xff_u8,
        ];
        prop::collection::vec(byte, 0..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn our_cookie_is_found_in_any_rubbish(
            before in rubbish(),
            after in rubbish(),
            others in prop::collection::vec(rubbish(), 0..3),
            at in any::<prop::sample::Index>(),
            quoted in any::<bool>(),
        ) {
            let ours: &[u8] = if quoted { b"id=\"ours\"" } else { b"id=ours" };
            let header = [&before[..], b";", ours, b";", &after].concat();
            let mut headers = others;
            headers.insert(at.index(headers.len() + 1), header);
            let headers: CookieHeaders =
                headers.iter().map(|header| HeaderValue::from_bytes(header).unwrap()).collect();
            prop_assert!(headers.contains("id"));
            prop_assert!(headers.values("id").any(|value| value == b"ours"));
        }
    }
}
