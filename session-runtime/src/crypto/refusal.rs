//! Why a cookie leads to no session.

use std::fmt;

/// Why a cookie leads to no session: a label for logs and metrics, and a sentence for people.
///
/// A request whose cookies are all refused is that of a new visitor, or of one whose session another
/// request has [just ended](Self::Gone); no reason is told to the browser.
///
/// ```
/// use session_runtime::Refusal;
///
/// assert_eq!(Refusal::Forged.as_str(), "forged");
/// assert_eq!(Refusal::Forged.to_string(), "no key of the ring vouches for it");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It has not the form of a session cookie: another length, another alphabet, another format.
    Malformed,
    /// No key of the ring vouches for it: it was made up, changed, or made with a key that is no
    /// longer in the ring, or for a cookie of another name.
    Forged,
    /// A session in several cookies, one of which is missing.
    Incomplete,
    /// The session in the cookie has expired.
    Expired,
    /// The session in the cookie was ended more than a minute ago.
    Revoked,
    /// The store knows nothing of the session: it has expired, was ended a while ago, or the store
    /// has lost it.
    Unknown,
    /// The session was ended or renewed a short while ago, which is what a request meets that a login
    /// or logout has overtaken.
    Gone,
    /// Three cookies that verify came before it, and no request looks up more.
    Surplus,
}

impl Refusal {
    /// The reason as one word in lower case, for logs and metrics.
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
            Self::Forged => "no key of the ring vouches for it",
            Self::Incomplete => "a part of it is missing",
            Self::Expired => "its session has expired",
            Self::Revoked => "its session was ended",
            Self::Unknown => "the store knows nothing of its session",
            Self::Gone => "its session was ended or renewed a short while ago",
            Self::Surplus => "three cookies that verify came before it",
        })
    }
}
