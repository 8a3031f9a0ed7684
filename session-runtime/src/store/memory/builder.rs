//! How a store is made, and its options.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::shards::Shards;
use super::store::MemoryStore;
use crate::clock::{Clock, SystemClock};
use crate::store::contract::TOMBSTONE_TIME;

impl MemoryStore {
    /// An empty store that uses the system's clock.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An empty store that uses `clock`.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self::builder().clock(clock).build()
    }

    /// A store with other options.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder { clock: Box::new(SystemClock), tombstone_time: TOMBSTONE_TIME }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// The options of a [`MemoryStore`].
///
/// ```
/// use session_runtime::store::MemoryStore;
/// use std::time::Duration;
///
/// let store = MemoryStore::builder().tombstone_time(Duration::from_secs(10)).build();
/// # let _ = store;
/// ```
#[must_use]
pub struct MemoryStoreBuilder {
    clock: Box<dyn Clock>,
    tombstone_time: Duration,
}

impl MemoryStoreBuilder {
    /// The clock that decides whether a session has expired. The default is [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// How long a deleted or renamed session is `Gone` instead of `Absent`.
    ///
    /// The default is 60 seconds. It should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = time;
        self
    }

    /// Makes the store, which is empty.
    pub fn build(self) -> MemoryStore {
        MemoryStore(Arc::new(Shards::new(self.clock, self.tombstone_time)))
    }
}

impl fmt::Debug for MemoryStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStoreBuilder")
            .field("tombstone_time", &self.tombstone_time)
            .finish_non_exhaustive()
    }
}
