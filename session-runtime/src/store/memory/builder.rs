//! The options of the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::MemoryStore;
use super::shards::Shards;
use crate::clock::{Clock, SystemClock};

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
    pub(super) fn new() -> Self {
        Self { clock: Box::new(SystemClock), tombstone_time: crate::store::TOMBSTONE_TIME }
    }

    /// Who tells whether a session has expired. The default is [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = time;
        self
    }

    /// The store, empty.
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
