//! The checked configuration that all requests of one `Sessions` share.

use std::sync::Arc;
use std::time::Duration;

use super::Queues;
use super::expiry::Expiry;
use crate::backend::open::OpenBackend;
use crate::backend::stored::{CookieValue, LiveSession};
use crate::clock::{Clock, Timestamp};
use crate::cookie::set_cookie::CookieTemplate;
use crate::crypto::csrf_token::TokenKeys;
use crate::error::SessionError;
use crate::record::Record;
use crate::schema::registry::Registry;
use crate::telemetry::hooks::Hooks;

/// The answer to a request that changed a session which another request had ended or renewed.
///
/// ```
/// use session_runtime::{Keyring, OnGone, Sessions, store::MemoryStore};
///
/// let sessions = Sessions::builder(MemoryStore::new())
///     .keys(Keyring::new([[7; 32]])?)
///     .on_gone(OnGone::Drop) // for a site whose sessions hold nothing important
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnGone {
    /// 409 with an empty body: the changes are dropped, and the client learns it.
    #[default]
    Conflict,
    /// The handler's response: the changes are dropped, and the client does not learn it.
    Drop,
}

/// The checked configuration.
pub(crate) struct Config {
    pub(crate) backend: OpenBackend,
    pub(crate) cookie: CookieTemplate,
    pub(crate) csrf: TokenKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) expiry: Expiry,
    pub(crate) on_gone: OnGone,
    pub(crate) skip_commit_on_server_error: bool,
    /// How long a commit tries again when other requests change the same fields.
    pub(crate) conflict_deadline: Duration,
    pub(crate) queues: Arc<Queues>,
    pub(crate) registry: Registry,
    pub(crate) hooks: Hooks,
}

impl Config {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.recent()
    }

    /// The value of the cookie of `live`.
    pub(super) fn cookie_value(&self, live: &LiveSession) -> Result<CookieValue, SessionError> {
        self.backend.value(live, &self.cookie, self.max_age(&live.record))
    }

    /// How long the browser keeps the cookie. `None`: until it is closed.
    pub(super) fn max_age(&self, record: &Record) -> Option<Duration> {
        // Rounded up, so that the browser does not drop the cookie too early.
        let left = || {
            let left = record.deadline.saturating_since(self.now());
            Duration::from_secs(left.as_millis().div_ceil(1_000) as u64)
        };
        record.lifetime.persistent.then(left)
    }
}
