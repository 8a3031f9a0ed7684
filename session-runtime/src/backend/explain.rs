//! Why a cookie leads to a session or not, for people.

use crate::clock::Timestamp;
use crate::crypto::Refusal;
use crate::id::StoreKey;
use crate::record::Record;

/// Where one cookie leads: an answer of [`Sessions::explain`](crate::Sessions::explain).
///
/// It does not hold the cookie's value.
///
/// ```
/// use session_runtime::ExplainedCookie;
///
/// fn tell(cookie: &ExplainedCookie) -> String {
///     match cookie.refusal {
///         None => "a live session".to_owned(),
///         Some(refusal) => format!("no session: {refusal}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedCookie {
    /// The key of the ring that verifies it: 1 is the newest. `None` if no key does.
    pub key: Option<usize>,
    /// The [id](crate::Session::id) of its session, if a key verifies the cookie.
    pub id: Option<StoreKey>,
    /// When its session was created, if that is known.
    pub created_at: Option<Timestamp>,
    /// When its session expires or has expired, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Why it leads to no session. `None` if it leads to a live one.
    pub refusal: Option<Refusal>,
}

impl ExplainedCookie {
    /// Whether it leads to a live session.
    pub fn is_live(&self) -> bool {
        self.refusal.is_none()
    }

    /// A cookie that no key verifies.
    pub(super) fn not_ours(refusal: Refusal) -> Self {
        Self { key: None, id: None, created_at: None, expires_at: None, refusal: Some(refusal) }
    }

    /// A cookie that the key at this position in the ring verifies.
    ///
    /// It leads to `record`, or is refused.
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
