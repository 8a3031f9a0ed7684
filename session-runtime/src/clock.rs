//! Points in time, and the clocks that tell them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since the Unix epoch (UTC).
///
/// Sums and differences stop at the epoch and at the last possible point.
///
/// ```
/// use session_runtime::Timestamp;
/// use std::time::Duration;
///
/// let start = Timestamp::from_millis(1_000);
/// assert_eq!((start + Duration::from_secs(2)).as_millis(), 3_000);
/// assert_eq!(start.saturating_since(start + Duration::from_secs(2)), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Makes the point `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time since `earlier`; zero if `earlier` is later than this.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    /// The point `duration` later, in whole milliseconds. It stops at the last possible point.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    /// The point `duration` earlier, in whole milliseconds. It stops at the epoch.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }
}

impl From<SystemTime> for Timestamp {
    /// Times before the epoch become the epoch.
    fn from(time: SystemTime) -> Self {
        Self(whole_millis(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(timestamp.0)
    }
}

/// The milliseconds of `duration`, rounded down, and at most `u64::MAX`.
pub(crate) fn whole_millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000).saturating_add(duration.subsec_millis().into())
}

/// Tells the time to [`Sessions`](crate::Sessions), and to the stores that ask it what has expired.
///
/// The default is [`SystemClock`]. A test can have a clock of its own: it gives the same one to the
/// store and to the builder. Redis and PostgreSQL use the clock of their server instead.
///
/// ```
/// use session_runtime::{Clock, Timestamp};
///
/// struct Frozen;
///
/// impl Clock for Frozen {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_millis(1_700_000_000_000)
///     }
/// }
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// The time now, or some milliseconds ago.
    ///
    /// Every request asks for it, so a clock may be less exact if that is faster. By default it is
    /// [`now`](Self::now).
    fn recent(&self) -> Timestamp {
        self.now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn recent(&self) -> Timestamp {
        (**self).recent()
    }
}

/// The clock of the operating system.
///
/// On Linux, [`recent`](Clock::recent) is the time of the clock's last tick
/// (`CLOCK_REALTIME_COARSE`).
///
/// ```
/// use session_runtime::{Clock, SystemClock, Timestamp};
///
/// assert!(SystemClock.now() > Timestamp::from_millis(1_700_000_000_000)); // a time in 2023
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }

    // A request asks up to three times, and `now` takes four times as long as this.
    #[cfg(target_os = "linux")]
    fn recent(&self) -> Timestamp {
        use nix::time::{ClockId, clock_gettime};

        match clock_gettime(ClockId::CLOCK_REALTIME_COARSE) {
            Ok(time) => since_epoch(time.tv_sec(), time.tv_nsec()),
            // Kernels before 2.6.32 do not have this clock.
            Err(_) => self.now(),
        }
    }
}

/// Converts the numbers of a system's clock, which have 32 bits on some systems.
///
/// Times before the epoch become the epoch.
#[cfg(target_os = "linux")]
fn since_epoch(secs: impl TryInto<u64>, nanos: impl TryInto<u64>) -> Timestamp {
    let (secs, nanos) = (secs.try_into().unwrap_or(0), nanos.try_into().unwrap_or(0));
    Timestamp(secs * 1_000 + nanos / 1_000_000)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_32_bits_tells_the_same_time() {
        assert_eq!(
            since_epoch(i32::MAX, 999_999_999_i32),
            since_epoch(2_147_483_647_i64, 999_999_999_i64)
        );
        assert_eq!(since_epoch(i32::MAX, 1_000_000_i32).as_millis(), 2_147_483_647_001);
        assert_eq!(since_epoch(-1, 0).as_millis(), 0);
    }
}
