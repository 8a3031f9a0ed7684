//! Points in time, and who tells them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time in milliseconds since the Unix epoch, UTC.
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
    /// The point `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is before it.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    /// Later by `duration`, in whole milliseconds; stops at the last representable point.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    /// Earlier by `duration`, in whole milliseconds; stops at the epoch.
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

pub(crate) fn whole_millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000).saturating_add(duration.subsec_millis().into())
}

/// Tells the time to [`Sessions`](crate::Sessions) and to the stores that judge expiry themselves.
///
/// The default is [`SystemClock`]. Tests inject their own; give the same clock to the store and to
/// the builder.
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
    /// The present.
    fn now(&self) -> Timestamp;

    /// The present, or a moment ago, for those who ask at every request: a clock may be faster if it is
    /// some milliseconds behind. As [`now`](Self::now) where a clock does not say otherwise.
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

/// The operating system's clock. On Linux [`recent`](Clock::recent) is the time of its last tick.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }

    // A request asks up to three times, and `now` takes four times as long.
    #[cfg(target_os = "linux")]
    fn recent(&self) -> Timestamp {
        use nix::time::{ClockId, clock_gettime};

        match clock_gettime(ClockId::CLOCK_REALTIME_COARSE) {
            Ok(time) => since_epoch(time.tv_sec(), time.tv_nsec()),
            // Kernels before 2.6.32 have none.
            Err(_) => self.now(),
        }
    }
}

/// The numbers of a system's clock, which have 32 bits on some. Times before the epoch become the epoch.
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
