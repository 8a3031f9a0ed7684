//! What becomes of one cookie, told to people.

use crate::clock::Timestamp;
use crate::crypto::Refusal;
use crate::id::StoreKey;
use crate::record::Record;

/// What becomes of one cookie: an answer of [`Sessions::explain`](crate::Sessions::explain). It does not hold the cookie's value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedCookie {
    /// Which key of the ring vouches for it, from 1 for the newest; `None` if none does.
    pub key: Option<usize>,
    /// Its session's [id](crate::Session::id), if a key vouches for it.
    pub id: Option<StoreKey>,
    /// When its session began, where that is known.
    pub created_at: Option<Timestamp>,
    /// When its session expires or has expired, where that is known.
    pub expires_at: Option<Timestamp>,
    /// Why it leads to no session; `None` if it leads to a live one.
    pub refusal: Option<Refusal>,
}

impl ExplainedCookie {
    /// Whether it leads to a live session.
    pub fn is_live(&self) -> bool {
        self.refusal.is_none()
    }

    /// No key vouches for it.
    pub(super) fn not_ours(refusal: Refusal) -> Self {
        Self { key: None, id: None, created_at: None, expires_at: None, refusal: Some(refusal) }
    }

    /// The key at this position in the ring vouches for it; it leads to `record`, or is refused.
    pub(super) fn ours(
        position: usize,
        id: StoreKey,
        record: Option<&Record>,
        refusal: Option<Refusal>,
    ) -> Self {
        Self {
            key: Some(position + 1),
            id: Some(id),
            created_at: record.map(|record| record.created_at),
            expires_at: record.map(|record| record.expires_at),
            refusal,
        }
    }
}
