//! Older shapes of a field: how a value that was stored as another type is read.

use serde::de::DeserializeOwned;

/// Reads what was stored as an `Old`, for `#[session(upgrade(from = Old, with = path))]`.
pub fn upgrade<Old: DeserializeOwned, T>(text: &str, with: fn(Old) -> T) -> serde_json::Result<T> {
    serde_json::from_str(text).map(with)
}
