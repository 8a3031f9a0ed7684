//! Everything that holds or uses a key: keyring, ids, signed and sealed content, CSRF tokens.

pub(crate) mod content_keys;
pub(crate) mod csrf_token;
mod keyring;
mod refusal;
mod sealed_content;
mod signed_content;
pub(crate) mod signed_id;

pub use self::keyring::Keyring;
pub use self::refusal::Refusal;

/// Something that a key of the ring has verified.
pub(crate) struct Verified<T> {
    pub(crate) content: T,
    /// The position of the key in the ring.
    pub(crate) position: usize,
}
