//! What all requests of one `Sessions` share: the checked configuration.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::cookie::options::CookieTemplate;
use crate::cookie::signed::Signer;
use crate::expiry::Expiry;
use crate::queue::Queues;
use crate::registry::Registry;
use crate::store::AnyStore;

/// What is answered when a request changed a session that another request had ended or renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnGone {
    /// 409 with an empty body: the work was dropped, and the client is told so.
    #[default]
    Conflict,
    /// As if nothing had been changed: the work is dropped, the handler's response is sent.
    Drop,
}

pub(crate) struct Core {
    pub(crate) store: AnyStore,
    pub(crate) signer: Signer,
    pub(crate) cookie: CookieTemplate,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) expiry: Expiry,
    pub(crate) on_gone: OnGone,
    pub(crate) skip_commit_on_server_error: bool,
    /// How long a commit goes on replaying changes that others overtake.
    pub(crate) conflict_deadline: Duration,
    pub(crate) queues: Arc<Queues>,
    pub(crate) registry: Registry,
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
