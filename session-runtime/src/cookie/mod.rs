//! Cookies: finding them in a request, signing or sealing them, writing them into a response.

pub(crate) mod chunks;
pub(crate) mod content;
pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod readable;
pub(crate) mod sealed;
pub(crate) mod signed;
pub(crate) mod template;
pub(crate) mod written;

use crate::id::SignedId;

/// What the cookie of a session holds.
// No `Debug`: it would show the secret.
pub(crate) enum CookieValue {
    /// The id that leads to it.
    Id(SignedId),
    /// The session itself.
    Content(String),
}

/// What a key of the ring vouches for.
pub(crate) struct Verified<T> {
    pub(crate) content: T,
    /// Where the key is in the ring.
    pub(crate) position: usize,
}
