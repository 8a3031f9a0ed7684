//! Session ids, as cookies hold them, and the keys that sessions are stored under.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::base64url;
use crate::clock::Timestamp;
use crate::error::ConfigError;

/// The key of one session, and the proof that its cookie was issued by the server.
#[derive(Clone, Copy)]
pub(crate) struct SessionId {
    pub(crate) key: StoreKey,
    pub(crate) proof: Proof,
}

#[derive(Clone, Copy)]
pub(crate) enum Proof {
    /// The cookie holds a signed id that leads to the key.
    Signed(SignedId),
    /// The cookie holds the session itself, which got its id at this time.
    Held { issued_at: Timestamp },
}

/// A random id and its signature.
#[derive(Clone, Copy)]
pub(crate) struct SignedId(pub(crate) [u8; 32]);

impl SignedId {
    /// The length of the text.
    pub(crate) const CHARS: usize = base64url::chars(32);

    /// Writes the text, which is the value of the cookie.
    pub(crate) fn encode<'a>(&self, text: &'a mut [u8; Self::CHARS]) -> &'a str {
        base64url::encode(&self.0, text)
    }
}

/// The key that a session is stored under: 128 bits.
///
/// It is derived with a secret key from the id in the cookie. Nobody can make the cookie from it,
/// so it may be logged. A session in a [`CookieStore`](crate::CookieStore) has a random one.
///
/// The text is 22 characters of base64url, without padding (RFC 4648, section 5).
///
/// ```
/// use session_runtime::StoreKey;
///
/// let key = StoreKey::from_bytes([7; 16]);
/// let text = key.to_string();
/// assert_eq!(text.len(), 22);
/// assert_eq!(text.parse::<StoreKey>()?, key);
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKey([u8; 16]);

impl StoreKey {
    /// Makes the key with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(base64url::encode(&self.0, &mut [0; base64url::chars(16)]))
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({self})")
    }
}

/// As text.
impl Serialize for StoreKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl FromStr for StoreKey {
    type Err = ConfigError;

    /// Reads the text that `Display` writes.
    ///
    /// # Errors
    ///
    /// If `text` is not 22 characters of base64url that stand for 16 bytes.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let bytes = base64url::decode(text.as_bytes());
        let wrong = || ConfigError::new("a store key is 22 characters of base64url");
        bytes.map(Self).ok_or_else(wrong)
    }
}
