//! Sessions in memory.

mod builder;
mod index;
mod shard;
mod shards;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use self::builder::MemoryStoreBuilder;
use self::shard::State;
use self::shards::{SHARDS, Shards, lock, position};
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::clock::Clock;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// Keeps sessions in this process; they end with it. Clones share the sessions.
///
/// It is for one process: a second one would not see its sessions. Memory stays bounded without a
/// background task, because whatever adds an entry removes a few that have ended; calling
/// [`sweep`](Store::sweep) now and then only frees it earlier.
///
/// ```
/// use session_runtime::store::{Loaded, MemoryStore, Store};
/// use session_runtime::StoreKey;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), session_runtime::store::StoreError> {
/// let store = MemoryStore::new();
/// assert_eq!(store.load(&StoreKey::from_bytes([7; 16])).await?, Loaded::Absent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Shards>);

/// How much is done under one lock, and before other tasks get their turn.
const BATCH: usize = 64;

impl MemoryStore {
    /// An empty store that goes by the system's clock.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An empty store that goes by `clock`.
    pub fn with_clock(clock: impl Clock) -> Self {
        Self::builder().clock(clock).build()
    }

    /// A store with other options.
    pub fn builder() -> MemoryStoreBuilder {
        MemoryStoreBuilder::new()
    }
}

impl Store for MemoryStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        let now = self.0.clock.recent();
        Ok(match self.0.shard(key).get(key, now) {
            Some(State::Live(record)) => Loaded::Live(record.clone()),
            Some(State::Gone { .. }) => Loaded::Gone,
            None => Loaded::Absent,
        })
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        Ok(self.0.create(key, record))
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        Ok(self.0.update(key, patch))
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.0.rename(from, to, patch)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.0.delete(*key);
        Ok(())
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let now = self.0.clock.recent();
        let first = self.0.next_sweep.fetch_add(1, Ordering::Relaxed);
        let mut removed = 0;
        let mut shard = 0;
        while shard < SHARDS && removed < limit {
            let steps = BATCH.min(limit - removed);
            let (looked_at, ended) =
                self.0.sweep_shard(&mut lock(&self.0.shards[(first + shard) % SHARDS]), now, steps);
            removed += ended;
            if looked_at < steps {
                shard += 1;
            } else {
                tokio::task::yield_now().await;
            }
        }
        Ok(removed)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        // A session that is renamed while this goes on moves to a key that was not among the first
        // ones; so the index is read until it holds nothing new.
        let mut found = HashMap::<StoreKey, Option<Record>>::new();
        loop {
            let keys = self.0.index.keys(principal);
            let unseen: Vec<_> = keys.iter().filter(|key| !found.contains_key(*key)).collect();
            if unseen.is_empty() {
                let info = |key| found.remove(&key)?.map(|record| SessionInfo { key, record });
                return Ok(keys.into_iter().filter_map(info).collect());
            }
            let now = self.0.clock.recent();
            for batch in unseen.chunks(BATCH) {
                for &&key in batch {
                    let record = self.0.shard(&key).live(&key, now).cloned();
                    let record = record.filter(|it| it.principal.as_ref() == Some(principal));
                    found.insert(key, record);
                }
                tokio::task::yield_now().await;
            }
        }
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        loop {
            let keys = self.0.index.some(principal, except, BATCH);
            if keys.is_empty() {
                return Ok(ended);
            }
            for key in keys {
                ended += usize::from(self.0.end_of(&key, principal));
            }
            tokio::task::yield_now().await;
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.max(1);
        let mut after = after.map(Cursor::key).transpose()?;
        let first = after.as_ref().map_or(0, position);
        let mut sessions = Vec::new();
        for shard in &self.0.shards[first..] {
            let now = self.0.clock.recent();
            let left = limit - sessions.len();
            sessions.extend(lock(shard).live_after(after.take().as_ref(), left, now));
            if sessions.len() == limit {
                break;
            }
            tokio::task::yield_now().await;
        }
        let next = sessions.last().filter(|_| sessions.len() == limit);
        let next = next.map(|last| Cursor::after(&last.key));
        Ok(Page { sessions, next })
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
