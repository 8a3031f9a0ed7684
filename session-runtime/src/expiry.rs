//! Timeouts: how long sessions live, and when using one is worth telling the store.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::record::Lifetime;

/// Idle and absolute timeout of one kind of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    pub(crate) persistent: bool,
}

impl Timeouts {
    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime { idle: self.idle, persistent: self.persistent }
    }
}

/// The timeouts of all sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    pub(crate) standard: Timeouts,
    pub(crate) remembered: Timeouts,
    /// How far the expiry must have moved before a touch; a tenth of the idle time if `None`.
    pub(crate) touch_after: Option<Duration>,
}

impl Expiry {
    /// The timeouts that a session with `lifetime` was given.
    pub(crate) fn of(&self, lifetime: &Lifetime) -> &Timeouts {
        if *lifetime == self.remembered.lifetime() { &self.remembered } else { &self.standard }
    }

    pub(crate) fn wished(&self, remember: bool) -> &Timeouts {
        if remember { &self.remembered } else { &self.standard }
    }

    /// Whether a session that could live until `extended` instead of `expires_at` is to be touched.
    pub(crate) fn is_touch_due(
        &self,
        lifetime: &Lifetime,
        expires_at: Timestamp,
        extended: Timestamp,
    ) -> bool {
        let threshold = self.touch_after.unwrap_or(lifetime.idle / 10);
        extended.saturating_since(expires_at) > threshold
    }
}
