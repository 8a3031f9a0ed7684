//! All sessions of a store, a page at a time.

use super::{SessionInfo, StoreError};
use crate::id::StoreKey;

/// Some of the sessions of a store: what [`Store::scan`](super::Store::scan) answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Live sessions; there may be none although more follow.
    pub sessions: Vec<SessionInfo>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
}

/// Where a page of a scan begins. What the text says is the store's own business: it means nothing to
/// another store, and nothing for long.
///
/// ```
/// use session_runtime::store::Cursor;
///
/// assert_eq!(Cursor::new("after 7").as_str(), "after 7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// For stores, which read it again in the next call.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// What the store wrote.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// After this key, where the scan goes through the keys in their order.
    pub(super) fn after(key: &StoreKey) -> Self {
        Self::new(key.to_string())
    }

    /// The key that the page comes after.
    pub(super) fn key(&self) -> Result<StoreKey, StoreError> {
        self.0.parse().map_err(|_| Self::foreign())
    }

    pub(super) fn foreign() -> StoreError {
        StoreError::backend("the cursor is not one of this store")
    }
}
