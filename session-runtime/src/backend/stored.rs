//! What is kept for one visitor, and what the cookie holds of it.

use std::mem;

use crate::id::{SessionId, SignedId};
use crate::record::Record;

/// What the backend holds, as far as a request knows.
#[derive(Clone, Default)]
pub(crate) enum Stored {
    /// No session.
    #[default]
    Nothing,
    /// A live session.
    Live(LiveSession),
    /// A session that another request deleted or renewed.
    Gone,
}

impl Stored {
    pub(crate) fn live(&self) -> Option<&LiveSession> {
        match self {
            Self::Live(live) => Some(live),
            Self::Nothing | Self::Gone => None,
        }
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.live().map(|live| &live.record)
    }

    /// Moves the fields into a copy.
    pub(crate) fn take_fields(&mut self) -> Self {
        let Self::Live(live) = self else { return self.clone() };
        let fields = mem::take(&mut live.record.fields);
        let record = Record { fields, ..live.record.clone() };
        Self::Live(LiveSession { id: live.id, record })
    }
}

/// A live session.
#[derive(Clone)]
pub(crate) struct LiveSession {
    pub(crate) id: SessionId,
    pub(crate) record: Record,
}

/// What the cookie of a session holds.
// No `Debug`: it would show the secret.
pub(crate) enum CookieValue {
    /// The id that leads to the session.
    Id(SignedId),
    /// The session itself.
    Content(String),
}
