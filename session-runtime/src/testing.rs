//! Help for tests (feature `testing`).

pub(crate) mod deploy;
pub(crate) mod probe;
mod sample;
pub(crate) mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Timestamp, whole_millis};

pub use self::deploy::assert_compatible;

/// A clock that moves only when it is told to. Clones show the same time.
///
/// Give one clone to the store and one to the `Sessions` builder, keep the third.
///
/// ```
/// use session_runtime::testing::ManualClock;
/// use session_runtime::{Clock, Timestamp};
/// use std::time::Duration;
///
/// let clock = ManualClock::new(Timestamp::from_millis(1_000));
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(clock.now(), Timestamp::from_millis(3_000));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_millis())))
    }

    /// Moves on by `duration`, in whole milliseconds.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(whole_millis(duration), Ordering::SeqCst);
    }

    /// Moves to `now`, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Stands at some fixed time in the year 2023.
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_700_000_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
