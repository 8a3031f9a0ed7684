//! Values and their JSON texts.

/// How a text becomes a value.
pub(super) type Decode<T> = fn(&str) -> serde_json::Result<T>;

/// How a value becomes its text.
pub(super) type Encode<T> = fn(&T) -> serde_json::Result<String>;
