//! Sessions as a store lists them, and the pages of a scan.

use crate::clock::{Timestamp, whole_millis};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::record::Record;

/// A live session, as [`Store::list`](super::Store::list) and [`Store::scan`](super::Store::scan)
/// show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The key that the session is stored under.
    pub key: StoreKey,
    /// The stored record.
    pub record: Record,
}

impl SessionInfo {
    /// The session's id as text: the same as [`Session::id`](crate::Session::id) within it.
    pub fn id(&self) -> String {
        self.key.to_string()
    }

    /// When the session was last used.
    ///
    /// A touch is throttled, so the true time may be somewhat later.
    pub fn last_seen(&self) -> Timestamp {
        let idle = whole_millis(self.record.lifetime.idle);
        let touched = self.record.expires_at.as_millis().saturating_sub(idle);
        Timestamp::from_millis(touched).max(self.record.created_at)
    }
}

/// One page of the sessions of a store: the answer of [`Store::scan`](super::Store::scan).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Live sessions. A page may be empty although more pages follow.
    pub sessions: Vec<SessionInfo>,
    /// Where the next page begins; `None` after the last page.
    pub next: Option<Cursor>,
}

/// Where the next page of a scan begins.
///
/// Only the store that wrote the text understands it, and only for as long as the scan lasts.
///
/// ```
/// use session_runtime::store::Cursor;
///
/// assert_eq!(Cursor::new("after 7").as_str(), "after 7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// A cursor with a text that the store reads in its next call.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text that the store wrote.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The cursor after this key, for stores that scan in the order of the keys.
    pub(super) fn after(key: &StoreKey) -> Self {
        Self::new(key.to_string())
    }

    /// The key that the page begins after.
    pub(super) fn key(&self) -> Result<StoreKey, StoreError> {
        self.0.parse().map_err(|_| Self::foreign())
    }

    /// The error for a cursor that another store wrote.
    pub(super) fn foreign() -> StoreError {
        StoreError::backend("the cursor is not one of this store")
    }
}
