//! Why a cookie leads to no session.

use std::fmt;

/// Why a cookie leads to no session.
///
/// [`as_str`](Self::as_str) is a label for logs and metrics. `Display` is a sentence for people.
/// The browser is not told the reason.
///
/// If all cookies of a request are refused, it counts as the request of a new visitor. It is
/// different if one is [`Gone`](Self::Gone): then a login or logout has overtaken the request.
///
/// ```
/// use session_runtime::Refusal;
///
/// assert_eq!(Refusal::Forged.as_str(), "forged");
/// assert_eq!(Refusal::Forged.to_string(), "no key of the ring verifies it");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not have the form of a session cookie.
    ///
    /// Its length, its alphabet or its format is different.
    Malformed,
    /// No key of the ring verifies it.
    ///
    /// Somebody made it up or changed it. Or it was made for a cookie of another name, or with a
    /// key that is no longer in the ring.
    Forged,
    /// The session is spread over several cookies, and one of them is missing.
    Incomplete,
    /// The session in the cookie has expired.
    Expired,
    /// The session in the cookie was revoked more than a minute ago.
    Revoked,
    /// The store has no such session.
    ///
    /// It has expired, it was deleted a while ago, or the store has lost it.
    Unknown,
    /// The session was deleted or renewed a short while ago.
    ///
    /// A login or logout has overtaken the request.
    Gone,
    /// Three cookies that verify came before it, and a request looks up no more.
    Surplus,
}

impl Refusal {
    /// The reason as one word in lower case, such as `forged`, for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::Incomplete => "incomplete",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::Gone => "gone",
            Self::Surplus => "surplus",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it does not have the form of a session cookie",
            Self::Forged => "no key of the ring verifies it",
            Self::Incomplete => "a part of it is missing",
            Self::Expired => "its session has expired",
            Self::Revoked => "its session was revoked",
            Self::Unknown => "the store has no such session",
            Self::Gone => "its session was deleted or renewed a short while ago",
            Self::Surplus => "three cookies that verify came before it",
        })
    }
}
