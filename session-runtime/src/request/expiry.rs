//! Timeouts: how long sessions live, and when the store is told that one is in use.

use std::time::Duration;

use crate::clock::{Timestamp, whole_millis};
use crate::error::ConfigError;
use crate::record::Lifetime;

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Browsers keep no cookie longer than this (RFC 6265bis, section 5.5).
const MAX_COOKIE_AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// An authenticator assurance level of NIST SP 800-63B-4, which limits the timeouts.
///
/// | level | idle timeout | absolute timeout | section |
/// | --- | --- | --- | --- |
/// | `Aal1` | 30 days: the level asks for no shorter one | 30 days | 2.1.3 |
/// | `Aal2` | 1 hour | 24 hours | 2.2.3 |
/// | `Aal3` | 15 minutes | 12 hours | 2.3.3 |
///
/// The 12 hours are a requirement (SHALL), the others are recommendations (SHOULD). Which level a
/// site reaches depends on how its users sign in. That is the application's part.
///
/// ```
/// use session_runtime::{AssuranceLevel, Sessions, store::MemoryStore};
///
/// # let keys = session_runtime::Keyring::new([[7; 32]])?;
/// let sessions = Sessions::builder(MemoryStore::new())
///     .keys(keys)
///     .assurance_level(AssuranceLevel::Aal2)
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssuranceLevel {
    /// Basic confidence: one factor.
    Aal1,
    /// High confidence: two factors.
    Aal2,
    /// Very high confidence: two factors, and one of them is a key in hardware.
    Aal3,
}

impl AssuranceLevel {
    /// The longest idle and absolute timeout of the level.
    pub(crate) fn limits(self) -> (Duration, Duration) {
        match self {
            Self::Aal1 => (30 * DAY, 30 * DAY),
            Self::Aal2 => (HOUR, DAY),
            Self::Aal3 => (15 * MINUTE, 12 * HOUR),
        }
    }

    fn section(self) -> &'static str {
        match self {
            Self::Aal1 => "2.1.3",
            Self::Aal2 => "2.2.3",
            Self::Aal3 => "2.3.3",
        }
    }
}

/// The timeouts of one kind of session, ordinary or remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    /// The cookie stays when the browser is closed.
    pub(crate) persistent: bool,
}

impl Timeouts {
    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime { idle: self.idle, persistent: self.persistent }
    }

    /// Checks the timeouts. `idle` and `absolute` are their names in messages.
    pub(crate) fn check(
        &self,
        idle: &str,
        absolute: &str,
        level: Option<AssuranceLevel>,
    ) -> Result<(), ConfigError> {
        if self.idle < Duration::from_millis(1) {
            return Err(ConfigError::new(format_args!("{idle} must be a millisecond or more")));
        }
        if self.idle > self.absolute {
            return Err(ConfigError::new(format_args!(
                "{idle} must not be longer than {absolute}"
            )));
        }
        if self.persistent && self.absolute > MAX_COOKIE_AGE {
            return Err(ConfigError::new(format_args!(
                "{absolute} of a persistent cookie must not be longer than 400 days"
            )));
        }
        let Some(level) = level else { return Ok(()) };
        let (longest_idle, longest_absolute) = level.limits();
        for (name, value, longest) in
            [(idle, self.idle, longest_idle), (absolute, self.absolute, longest_absolute)]
        {
            if value > longest {
                return Err(ConfigError::new(format_args!(
                    "{name} must not be longer than {} minutes at {level:?} (NIST SP 800-63B-4, \
                     section {})",
                    longest.as_secs() / 60,
                    level.section()
                )));
            }
        }
        Ok(())
    }
}

/// The timeouts of all sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    pub(crate) standard: Timeouts,
    pub(crate) remembered: Timeouts,
    /// A touch is left out if it would move the expiry by no more than this. `None` means a tenth
    /// of the idle timeout.
    pub(crate) touch_after: Option<Duration>,
}

impl Expiry {
    /// The timeouts of a session with this lifetime.
    pub(super) fn of(&self, lifetime: &Lifetime) -> &Timeouts {
        let is_remembered =
            *lifetime == self.remembered.lifetime() && *lifetime != self.standard.lifetime();
        self.timeouts(is_remembered)
    }

    /// The timeouts of ordinary or remembered sessions.
    pub(super) fn timeouts(&self, remember: bool) -> &Timeouts {
        if remember { &self.remembered } else { &self.standard }
    }

    /// Whether a touch would move the expiry far enough, from `expires_at` to `extended`.
    pub(super) fn is_touch_due(
        &self,
        lifetime: &Lifetime,
        expires_at: Timestamp,
        extended: Timestamp,
    ) -> bool {
        let tenth = || whole_millis(lifetime.idle) / 10;
        let threshold = self.touch_after.map_or_else(tenth, whole_millis);
        expires_at.as_millis().saturating_add(threshold) < extended.as_millis()
    }
}
