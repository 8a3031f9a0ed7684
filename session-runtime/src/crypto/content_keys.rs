//! The keys of cookies that hold the session itself.

use super::Verified;
use super::keyring::Keyring;
use super::refusal::Refusal;
use super::sealed_content::Sealer;
use super::signed_content::ContentSigner;
use crate::error::SessionError;

/// The keys that protect the content of a cookie.
pub(crate) struct ContentKeys(Kind);

enum Kind {
    /// Only the server can read and change it.
    Sealed(Sealer),
    /// Everybody can read it, but only the server can change it.
    Signed(ContentSigner),
}

impl ContentKeys {
    pub(crate) fn sealed(keys: &Keyring, cookie_name: &str) -> Self {
        Self(Kind::Sealed(Sealer::new(keys, cookie_name)))
    }

    pub(crate) fn signed(keys: &Keyring, cookie_name: &str) -> Self {
        Self(Kind::Signed(ContentSigner::new(keys, cookie_name)))
    }

    /// The value of a cookie that holds `content`.
    pub(crate) fn protect(&self, content: &[u8]) -> Result<String, SessionError> {
        match &self.0 {
            Kind::Sealed(sealer) => sealer.seal(content),
            Kind::Signed(signer) => Ok(signer.sign(content)),
        }
    }

    /// The content of a cookie with this value, if a key of the ring made it.
    pub(crate) fn open(&self, value: &[u8]) -> Result<Verified<Vec<u8>>, Refusal> {
        match &self.0 {
            Kind::Sealed(sealer) => sealer.open(value),
            Kind::Signed(signer) => signer.verify(value),
        }
    }
}
