//! Values that do not fit into one cookie: chunks in the cookies `id.0`, `id.1`, and so on.
//!
//! The first chunk begins with the number of chunks, a digit, and a dot. The value is signed or
//! sealed as a whole. So it does not verify if a chunk is missing, out of order, or from another
//! value.

use std::time::Duration;

use http::HeaderValue;

use super::read::CookieHeaders;
use super::response::SetCookies;
use super::set_cookie::CookieTemplate;
use crate::crypto::Refusal;

/// The size that every browser accepts: name, value and attributes (RFC 6265, section 6.1).
pub(super) const MAX_COOKIE_BYTES: usize = 4_096;

/// The number of chunks is one digit.
pub(crate) const MAX_CHUNKS: usize = 9;

/// How a value is spread over cookies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunks {
    /// The greatest number of chunks. With 1 there is only the plain cookie.
    pub(crate) max: usize,
}

impl Chunks {
    /// The length of the longest value that fits, in bytes.
    pub(crate) fn capacity(self, cookie: &CookieTemplate, max_age: Option<Duration>) -> usize {
        match self.max {
            1 => room(cookie, max_age),
            chunks => (chunks * chunk_room(cookie, max_age)).saturating_sub(COUNT_BYTES),
        }
    }

    /// The cookies that hold `value`, and the removal of those that it does not use.
    pub(crate) fn set(
        self,
        cookie: &CookieTemplate,
        value: &str,
        max_age: Option<Duration>,
        sent: &CookieHeaders,
    ) -> SetCookies {
        let name = cookie.name();
        if value.len() <= room(cookie, max_age) {
            let mut cookies = SetCookies::new(cookie.set(name, value, max_age));
            cookies.extend(self.removals(cookie, sent, 0));
            return cookies;
        }
        let size = chunk_room(cookie, max_age);
        let count = (value.len() + COUNT_BYTES).div_ceil(size);
        // Signed and sealed values are ASCII, so they can be split anywhere.
        let (first, mut rest) = value.split_at(size - COUNT_BYTES);
        let first = format!("{count}.{first}");
        let mut cookies = SetCookies::new(cookie.set(&chunk_name(name, 0), &first, max_age));
        for index in 1..count {
            let part;
            (part, rest) = rest.split_at(size.min(rest.len()));
            cookies.extend([cookie.set(&chunk_name(name, index), part, max_age)]);
        }
        cookies.extend([cookie.remove(name)]);
        cookies.extend(self.removals(cookie, sent, count));
        cookies
    }

    /// The removal of the plain cookie and of all chunks.
    pub(crate) fn remove(self, cookie: &CookieTemplate, sent: &CookieHeaders) -> SetCookies {
        let mut cookies = SetCookies::new(cookie.remove(cookie.name()));
        cookies.extend(self.removals(cookie, sent, 0));
        cookies
    }

    /// The value that the chunks in `sent` hold; `None` if the first chunk is missing.
    pub(crate) fn join(self, name: &str, sent: &CookieHeaders) -> Option<Result<Vec<u8>, Refusal>> {
        if self.max == 1 {
            return None;
        }
        let part = |index| sent.values(&chunk_name(name, index)).next();
        let [digit @ b'2'..=b'9', b'.', first @ ..] = part(0)? else {
            return Some(Err(Refusal::Malformed));
        };
        let mut value = first.to_vec();
        for index in 1..usize::from(digit - b'0') {
            match part(index) {
                Some(part) => value.extend(part),
                None => return Some(Err(Refusal::Incomplete)),
            }
        }
        Some(Ok(value))
    }

    /// The removal of the chunks from number `from` on.
    ///
    /// If chunk 0 is one of them, it is always removed, because the response to a concurrent
    /// request may have set it. The others mean nothing without it, so they are removed only if
    /// `sent` held them.
    fn removals(
        self,
        cookie: &CookieTemplate,
        sent: &CookieHeaders,
        from: usize,
    ) -> impl Iterator<Item = HeaderValue> {
        let max = if self.max == 1 { 0 } else { MAX_CHUNKS };
        (from..max)
            .map(|index| (index, chunk_name(cookie.name(), index)))
            .filter(|(index, name)| *index == 0 || sent.contains(name))
            .map(|(_, name)| cookie.remove(&name))
    }
}

/// The number of chunks and the dot, before the first chunk.
const COUNT_BYTES: usize = 2;

fn chunk_name(name: &str, index: usize) -> String {
    format!("{name}.{index}")
}

/// The length of the longest value that fits into the plain cookie, in bytes.
fn room(cookie: &CookieTemplate, max_age: Option<Duration>) -> usize {
    MAX_COOKIE_BYTES.saturating_sub(cookie.set(cookie.name(), "", max_age).len())
}

/// The length of the longest chunk, in bytes. Its name is longer by a dot and a digit.
fn chunk_room(cookie: &CookieTemplate, max_age: Option<Duration>) -> usize {
    room(cookie, max_age).saturating_sub(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cookie::options::CookieOptions;

    const CHUNKS: Chunks = Chunks { max: 3 };

    /// What a browser sends after it has sent `sent` and got the answer `set`.
    fn next(sent: &[(String, String)], set: &SetCookies) -> Vec<(String, String)> {
        let mut jar = sent.to_vec();
        for cookie in set.iter() {
            assert!(cookie.len() <= MAX_COOKIE_BYTES);
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            jar.retain(|(held, _)| held != name);
            if !attributes.contains("Max-Age=0") {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        jar
    }

    fn headers(jar: &[(String, String)]) -> CookieHeaders {
        let pairs: Vec<String> =
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        HeaderValue::from_str(&pairs.join("; ")).into_iter().collect()
    }

    fn names(jar: &[(String, String)]) -> Vec<&str> {
        let mut names: Vec<&str> = jar.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn values_of_every_length_come_back_and_nothing_stale_stays() {
        let cookie = CookieOptions::new().build().unwrap();
        let max_age = Some(Duration::from_secs(1_000));
        let capacity = CHUNKS.capacity(&cookie, max_age);
        let room = room(&cookie, max_age);
        let mut jar = Vec::new();
        for length in [capacity, 1, 2 * room, room, room + 1, capacity, room + 1, 0] {
            let value: String = (0..length).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
            jar = next(&jar, &CHUNKS.set(&cookie, &value, max_age, &headers(&jar)));
            let sent = headers(&jar);
            let held = match length <= room {
                true => sent.values("__Host-id").next().unwrap().to_vec(),
                false => CHUNKS.join("__Host-id", &sent).unwrap().unwrap(),
            };
            assert!(held == value.as_bytes(), "{length}");
            let count = if length <= room { 1 } else { (length + 2).div_ceil(room - 2) };
            assert_eq!(jar.len(), count, "{length}: {:?}", names(&jar));
        }
        let big = "x".repeat(capacity);
        jar = next(&jar, &CHUNKS.set(&cookie, &big, max_age, &headers(&jar)));
        assert_eq!(names(&jar), ["__Host-id.0", "__Host-id.1", "__Host-id.2"]);
        assert_eq!(names(&next(&jar, &CHUNKS.remove(&cookie, &headers(&jar)))), [""; 0]);
    }

    #[test]
    fn of_two_requests_at_once_the_answer_that_arrives_last_counts() {
        let cookie = CookieOptions::new().build().unwrap();
        let (small, large) = ("s".to_owned(), "l".repeat(5_000));
        let answers = |jar: &[_]| {
            let sent = headers(jar);
            let set = |value: &String| CHUNKS.set(&cookie, value, None, &sent);
            [set(&small), set(&large), CHUNKS.remove(&cookie, &sent)]
        };
        let held = |jar: &[_]| -> Vec<Vec<u8>> {
            let sent = headers(jar);
            let chunked = CHUNKS.join("__Host-id", &sent).map(Result::unwrap);
            sent.values("__Host-id").map(<[u8]>::to_vec).chain(chunked).collect()
        };
        for before in answers(&[]) {
            let jar = next(&[], &before);
            let expected = [vec![small.as_bytes()], vec![large.as_bytes()], vec![]];
            for (last, expected) in answers(&jar).iter().zip(expected) {
                for first in answers(&jar) {
                    assert!(held(&next(&next(&jar, &first), last)) == expected);
                }
            }
        }
    }

    #[test]
    fn a_missing_or_miscounted_chunk_is_no_value() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let join = |jar: &[_]| CHUNKS.join("id", &headers(jar));
        let both = [pair("id.0", "2.a"), pair("id.1", "b")];
        assert_eq!(join(&both), Some(Ok(b"ab".to_vec())));
        assert_eq!(join(&both[..1]), Some(Err(Refusal::Incomplete)));
        assert_eq!(join(&both[1..]), None);
        for first in ["a", "", "1.a", "0.a", "9.a", "2a", ".a", "22.a"] {
            let refusal = if first == "9.a" { Refusal::Incomplete } else { Refusal::Malformed };
            let joined = join(&[pair("id.0", first), pair("id.1", "b")]);
            assert_eq!(joined, Some(Err(refusal)), "{first}");
        }
    }
}
