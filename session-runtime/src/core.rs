//! What all requests of one `Sessions` share: the checked configuration.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::cookie::CookieValue;
use crate::cookie::template::CookieTemplate;
use crate::csrf_token::TokenKeys;
use crate::error::SessionError;
use crate::event::Hooks;
use crate::expiry::Expiry;
use crate::keeper::Keeper;
use crate::queue::Queues;
use crate::record::Record;
use crate::registry::Registry;
use crate::state::LiveSession;

/// What is answered when a request changed a session that another request had ended or renewed.
///
/// ```
/// use session_runtime::{Keyring, OnGone, Sessions, store::MemoryStore};
///
/// let sessions = Sessions::builder(MemoryStore::new())
///     .keys(Keyring::new([[7; 32]])?)
///     .on_gone(OnGone::Drop) // for a site that keeps nothing in it that matters
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnGone {
    /// 409 with an empty body: the work was dropped, and the client is told so.
    #[default]
    Conflict,
    /// As if nothing had been changed: the work is dropped, the handler's response is sent.
    Drop,
}

pub(crate) struct Core {
    pub(crate) keeper: Keeper,
    pub(crate) cookie: CookieTemplate,
    pub(crate) csrf: TokenKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) expiry: Expiry,
    pub(crate) on_gone: OnGone,
    pub(crate) skip_commit_on_server_error: bool,
    /// How long a commit goes on replaying changes that others overtake.
    pub(crate) conflict_deadline: Duration,
    pub(crate) queues: Arc<Queues>,
    pub(crate) registry: Registry,
    pub(crate) hooks: Hooks,
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.recent()
    }

    /// What the cookie of `live` holds.
    pub(crate) fn cookie_value(&self, live: &LiveSession) -> Result<CookieValue, SessionError> {
        self.keeper.value(live, &self.cookie, self.max_age(&live.record))
    }

    /// How long the browser is asked to keep the cookie; `None`: until it is closed.
    pub(crate) fn max_age(&self, record: &Record) -> Option<Duration> {
        // A started second counts, so that the browser does not forget the cookie too early.
        let left = || {
            let left = record.deadline.saturating_since(self.now());
            Duration::from_secs(left.as_millis().div_ceil(1_000) as u64)
        };
        record.lifetime.persistent.then(left)
    }
}
