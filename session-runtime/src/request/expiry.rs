//! Timeouts: how long sessions live, and when the store is told that one is in use.

use std::time::Duration;

use crate::clock::{Timestamp, whole_millis};
use crate::error::ConfigError;
use crate::record::Lifetime;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
    fn limits(self) -> (Duration, Duration) {
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

/// What an application chooses of the timeouts.
#[derive(Default)]
pub(crate) struct ExpiryOptions {
    pub(crate) idle: Option<Duration>,
    pub(crate) absolute: Option<Duration>,
    pub(crate) remembered: Option<(Duration, Duration)>,
    pub(crate) level: Option<AssuranceLevel>,
    pub(crate) touch_after: Option<Duration>,
}

impl ExpiryOptions {
    /// Fills in defaults and checks all timeouts. `persistent` is the cookie of ordinary sessions.
    pub(crate) fn check(self, persistent: bool) -> Result<Expiry, ConfigError> {
        let (idle, absolute) = self.level.map_or((HOUR, DAY), AssuranceLevel::limits);
        let standard = Timeouts {
            idle: self.idle.unwrap_or(idle),
            absolute: self.absolute.unwrap_or(absolute),
            persistent,
        };
        let (idle, absolute) = self
            .remembered
            .unwrap_or(self.level.map_or((30 * DAY, 90 * DAY), AssuranceLevel::limits));
        let remembered = Timeouts { idle, absolute, persistent: true };
        if self.remembered.is_some()
            && remembered.lifetime() == standard.lifetime()
            && remembered != standard
        {
            return Err(ConfigError::new(
                "remembered sessions have the idle timeout of all others, and both have \
                 persistent cookies, so nothing tells them apart; give `remember_timeouts` another \
                 idle timeout",
            ));
        }
        standard.check("`idle_timeout`", "`absolute_timeout`", self.level)?;
        remembered.check(
            "the idle timeout of `remember_timeouts`",
            "the absolute timeout of `remember_timeouts`",
            self.level,
        )?;
        Ok(Expiry { standard, remembered, touch_after: self.touch_after })
    }
}

/// The timeouts of one kind of session, ordinary or remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timeouts {
    pub(super) idle: Duration,
    pub(super) absolute: Duration,
    /// The cookie stays when the browser is closed.
    persistent: bool,
}

impl Timeouts {
    pub(super) fn lifetime(&self) -> Lifetime {
        Lifetime { idle: self.idle, persistent: self.persistent }
    }

    /// Checks the timeouts. `idle` and `absolute` are their names in messages.
    fn check(
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
    standard: Timeouts,
    remembered: Timeouts,
    /// A touch is left out if it would move the expiry by no more than this. `None` means a tenth
    /// of the idle timeout.
    touch_after: Option<Duration>,
}

impl Expiry {
    /// The longest absolute timeout of any session.
    pub(crate) fn longest(&self) -> Duration {
        self.standard.absolute.max(self.remembered.absolute)
    }

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
