//! The cryptography that TLS connections use.

use rustls::crypto::{CryptoProvider, ring};

/// Chooses a provider if nobody has. Without a choice, rustls panics when several are compiled in.
pub(super) fn choose_crypto() {
    if CryptoProvider::get_default().is_none() {
        // This fails if somebody else has chosen meanwhile. Then that choice stands.
        let _ = ring::default_provider().install_default();
    }
}
