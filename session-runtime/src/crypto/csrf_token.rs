//! CSRF tokens: a request with a token of its session comes from a page of this site.
//!
//! A token is `base64url(nonce ‖ HMAC-SHA256(key, nonce ‖ session))` (RFC 2104). `session` is the
//! key that the session is stored under. It changes at each renewal, and nobody can make a token
//! from it without the secret key. The nonce makes the token of each response different, so that
//! the length of compressed responses tells nothing about it (BREACH).

use base64_simd::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::keyring::Keyring;
use crate::base64url;
use crate::id::StoreKey;

/// Names the format. Another format gets another name, so that no two formats share a key.
const PURPOSE: &str = "session-runtime v1 csrf token";

const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 32;
const TOKEN_BYTES: usize = NONCE_BYTES + TAG_BYTES;

pub(crate) type Nonce = [u8; NONCE_BYTES];

/// Makes and verifies the tokens for the sessions of one cookie, the newest key first.
pub(crate) struct TokenKeys(Vec<Hmac<Sha256>>);

/// Something that has the form of a token. It is not verified yet.
pub(crate) struct Token {
    nonce: Nonce,
    tag: [u8; TAG_BYTES],
}

impl TokenKeys {
    pub(crate) fn new(keyring: &Keyring, cookie_name: &str) -> Self {
        Self(keyring.macs(PURPOSE, cookie_name))
    }

    /// A token of the session, made with the newest key.
    pub(crate) fn token(&self, nonce: Nonce, session: &StoreKey) -> String {
        // A keyring has at least one key.
        let tag = mac(&self.0[0], &nonce, session).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode_to_string([&nonce[..], &tag[..]].concat())
    }

    /// Whether any key of the ring made the token for this session.
    pub(crate) fn is_of(&self, token: &Token, session: &StoreKey) -> bool {
        // The comparison takes constant time.
        self.0.iter().any(|key| mac(key, &token.nonce, session).verify_slice(&token.tag).is_ok())
    }
}

impl Token {
    /// Reads the text form.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let token = base64url::decode::<TOKEN_BYTES>(text)?;
        Some(Self { nonce: *token.first_chunk()?, tag: *token.last_chunk()? })
    }
}

fn mac(key: &Hmac<Sha256>, nonce: &Nonce, session: &StoreKey) -> Hmac<Sha256> {
    key.clone().chain_update(nonce).chain_update(session.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: StoreKey = StoreKey::from_bytes([1; 16]);
    const BOB: StoreKey = StoreKey::from_bytes([2; 16]);

    fn keys(keys: &[[u8; 32]], name: &str) -> TokenKeys {
        TokenKeys::new(&Keyring::new(keys).unwrap(), name)
    }

    fn is_of(keys: &TokenKeys, token: &str, session: &StoreKey) -> bool {
        Token::parse(token.as_bytes()).is_some_and(|token| keys.is_of(&token, session))
    }

    #[test]
    fn a_token_is_good_for_its_session_key_and_cookie_alone() {
        let old = keys(&[[1; 32]], "id");
        let token = old.token([7; 16], &ANN);
        assert_eq!(token.len(), base64url::chars(TOKEN_BYTES));
        assert!(is_of(&old, &token, &ANN));
        assert!(!is_of(&old, &token, &BOB));
        assert!(is_of(&keys(&[[2; 32], [1; 32]], "id"), &token, &ANN), "the key was rotated");
        assert!(!is_of(&keys(&[[2; 32]], "id"), &token, &ANN));
        assert!(!is_of(&keys(&[[1; 32]], "other"), &token, &ANN));
    }

    #[test]
    fn tokens_of_one_session_share_nothing_that_can_be_seen() {
        let keys = keys(&[[1; 32]], "id");
        let (one, other) = (keys.token([1; 16], &ANN), keys.token([2; 16], &ANN));
        assert!(is_of(&keys, &one, &ANN) && is_of(&keys, &other, &ANN));
        // After the nonce, the texts are random: by chance, one character in 64 is the same.
        let same = one.bytes().zip(other.bytes()).skip(22).filter(|(a, b)| a == b).count();
        assert!(same < 8, "{same} characters are the same");
    }

    #[test]
    fn no_changed_character_is_accepted() {
        let keys = keys(&[[1; 32]], "id");
        let token = keys.token([7; 16], &ANN).into_bytes();
        for at in 0..token.len() {
            for byte in 0..=255 {
                let mut changed = token.clone();
                changed[at] = byte;
                let accepted = Token::parse(&changed).is_some_and(|token| keys.is_of(&token, &ANN));
                assert_eq!(accepted, changed == token);
            }
        }
        for text in [&token[1..], b"", &[&token[..], b"A"].concat()] {
            assert!(Token::parse(text).is_none());
        }
    }
}
