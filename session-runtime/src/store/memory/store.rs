//! The store and its operations.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::shard::State;
use super::shards::{SHARDS, Shards, lock, position};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::contract::{Created, Loaded, Store, Updated};
use crate::store::page::{Cursor, Page, SessionInfo};

/// Keeps sessions in the memory of this process. Clones share the sessions.
///
/// The sessions are lost when the process ends, and no other process sees them. Memory stays
/// bounded without a background task: each write that adds an entry removes a few expired ones.
/// [`sweep`](Store::sweep) only frees the memory earlier.
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
pub struct MemoryStore(pub(super) Arc<Shards>);

/// How many entries are processed under one lock and before other tasks run.
const BATCH: usize = 64;

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
            let (checked, expired) =
                self.0.sweep_shard(&mut lock(&self.0.shards[(first + shard) % SHARDS]), now, steps);
            removed += expired;
            if checked < steps {
                shard += 1;
            } else {
                tokio::task::yield_now().await;
            }
        }
        Ok(removed)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        // A session that is renamed meanwhile gets a new key. So the index is read again until it
        // holds no new key.
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
        let mut deleted = 0;
        loop {
            let keys = self.0.index.some(principal, except, BATCH);
            if keys.is_empty() {
                return Ok(deleted);
            }
            for key in keys {
                deleted += usize::from(self.0.delete_session_of(&key, principal));
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

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
