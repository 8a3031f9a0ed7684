//! Bytes as text that needs no escapes: base64url without padding (RFC 4648, section 5).

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// The number of characters for this number of bytes.
pub(crate) const fn chars(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Writes `bytes` as text into `text`, which must be long enough: see [`chars`].
pub(crate) fn encode<'a>(bytes: &[u8], text: &'a mut [u8]) -> &'a str {
    URL_SAFE_NO_PAD.encode_as_str(bytes, text.as_out())
}

/// Reads `N` bytes from their text. It accepts only the one spelling that [`encode`] writes.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != chars(N) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text, bytes.as_mut_slice().as_out()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as OTHER;
    use proptest::prelude::*;

    use super::*;

    /// 32 bytes are 43 characters: enough for each size of the groups that are decoded at once.
    const BYTES: usize = 32;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn agrees_with_another_implementation(
            bytes in any::<[u8; BYTES]>(),
            at in 0..chars(BYTES),
            byte in any::<u8>(),
        ) {
            let mut text = [0; chars(BYTES)];
            prop_assert_eq!(encode(&bytes, &mut text), OTHER.encode(bytes));
            prop_assert_eq!(decode(&text), Some(bytes));
            text[at] = byte;
            let other = OTHER.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            prop_assert_eq!(decode::<BYTES>(&text), other);
        }

        #[test]
        fn of_other_lengths_nothing_is_read(text in "[a-zA-Z0-9_-]{0,60}") {
            let is_read = decode::<BYTES>(text.as_bytes()).is_some();
            prop_assert!(!is_read || text.len() == chars(BYTES));
        }
    }
}
