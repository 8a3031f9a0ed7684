//! Sessions in memory.

mod builder;
mod index;
mod shard;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::builder::MemoryStoreBuilder;
use self::index::Index;
use self::shard::{KeyHasher, Shard, State, Step};
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::clock::{Clock, Timestamp};
use crate::id::StoreKey;
use crate::patch::{Applied, Patch, PrincipalOp};
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
pub struct MemoryStore(Arc<Inner>);

/// Lock order: shards by position, then the index. Nothing is awaited under a lock.
struct Inner {
    shards: Box<[Padded]>,
    index: Index,
    clock: Box<dyn Clock>,
    tombstone_time: Duration,
    /// Where the next sweep begins, so that small ones get round to every shard.
    next_sweep: AtomicUsize,
}

/// A shard on cache lines of its own, so that neighbours do not slow each other down.
#[repr(align(128))]
#[derive(Default)]
struct Padded(Mutex<Shard>);

const SHARDS: usize = 128;

/// How many due entries are looked at by whatever adds one. An entry is added once and looked at
/// once per idle time, so at worst the map holds about a third more than the live sessions.
const SWEPT_PER_WRITE: usize = 4;

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

impl Inner {
    fn create(&self, key: &StoreKey, record: &Record) -> Created {
        let now = self.clock.recent();
        let state = State::Live(record.clone());
        let mut shard = self.shard(key);
        self.sweep_shard(&mut shard, now, SWEPT_PER_WRITE);
        if shard.get(key, now).is_some() {
            return Created::Exists;
        }
        self.put(&mut shard, key, state);
        Created::Created
    }

    fn update(&self, key: &StoreKey, patch: &Patch) -> Updated {
        let now = self.clock.recent();
        let mut shard = self.shard(key);
        let before = match patch.principal {
            PrincipalOp::Keep => None,
            _ => shard.live(key, now).and_then(|record| record.principal.clone()),
        };
        let answer = shard.apply(key, patch, now, |applied, record| {
            let updated = answer(applied, record);
            if updated == Updated::Applied && patch.principal != PrincipalOp::Keep {
                if let Some(before) = &before {
                    self.index.remove(before, key);
                }
                if let Some(after) = &record.principal {
                    self.index.insert(after, *key);
                }
            }
            updated
        });
        answer.unwrap_or(Updated::Gone)
    }

    fn rename(&self, from: &StoreKey, to: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let now = self.clock.recent();
        let (mut old, mut new) = self.shard_pair(from, to);
        self.sweep_shard(new.as_deref_mut().unwrap_or(&mut *old), now, SWEPT_PER_WRITE);
        let Some(before) = old.live(from, now).map(|record| record.principal.clone()) else {
            return Ok(Updated::Gone);
        };
        if new.as_deref().unwrap_or(&*old).get(to, now).is_some() {
            return Err(StoreError::backend("the session cannot be renamed to a key in use"));
        }
        let applied = old.apply(from, patch, now, answer);
        if applied != Some(Updated::Applied) {
            return Ok(applied.unwrap_or(Updated::Gone));
        }
        let moved = Some(*to).filter(|_| !patch.signs_in());
        if let Some(State::Live(record)) = old.put(*from, self.tombstone(now, moved)) {
            let new = new.as_deref_mut().unwrap_or(&mut *old);
            let after = record.principal.clone();
            if let Some(State::Live(expired)) = new.put(*to, State::Live(record)) {
                self.forget(&expired, to);
            }
            match (before, after) {
                (Some(before), Some(after)) if before == after => {
                    self.index.rename(&after, from, *to);
                }
                (before, after) => {
                    if let Some(before) = before {
                        self.index.remove(&before, from);
                    }
                    if let Some(after) = after {
                        self.index.insert(&after, *to);
                    }
                }
            }
        }
        Ok(Updated::Applied)
    }

    fn delete(&self, mut key: StoreKey) {
        let now = self.clock.recent();
        loop {
            let mut shard = self.shard(&key);
            self.sweep_shard(&mut shard, now, SWEPT_PER_WRITE);
            let moved = shard.moved(&key, now);
            self.put(&mut shard, &key, self.tombstone(now, None));
            match moved {
                Some(to) => key = to,
                None => return,
            }
        }
    }

    fn tombstone(&self, now: Timestamp, to: Option<StoreKey>) -> State {
        State::Gone { until: now + self.tombstone_time, to }
    }

    /// Ends the session under `key` if it still is one of `principal`; answers whether it was live.
    fn end_of(&self, key: &StoreKey, principal: &Principal) -> bool {
        let now = self.clock.recent();
        let mut shard = self.shard(key);
        let live =
            shard.live(key, now).is_some_and(|record| record.principal.as_ref() == Some(principal));
        if live {
            self.put(&mut shard, key, self.tombstone(now, None));
        } else {
            // It has expired. Whoever asks for more keys must not be given this one again.
            self.index.remove(principal, key);
        }
        live
    }

    /// Keeps `state` under `key` and brings the index up to date.
    fn put(&self, shard: &mut Shard, key: &StoreKey, state: State) {
        if let State::Live(Record { principal: Some(principal), .. }) = &state {
            self.index.insert(principal, *key);
        }
        let after = match &state {
            State::Live(record) => record.principal.clone(),
            State::Gone { .. } => None,
        };
        if let Some(State::Live(replaced)) = shard.put(*key, state)
            && replaced.principal != after
        {
            self.forget(&replaced, key);
        }
    }

    fn forget(&self, record: &Record, key: &StoreKey) {
        if let Some(principal) = &record.principal {
            self.index.remove(principal, key);
        }
    }

    /// Looks at up to `steps` due entries; answers how many there were and how many had ended.
    fn sweep_shard(&self, shard: &mut Shard, now: Timestamp, steps: usize) -> (usize, usize) {
        let mut ended = 0;
        for looked_at in 0..steps {
            match shard.step(now) {
                Step::Idle => return (looked_at, ended),
                Step::Kept => {}
                Step::Removed(key, state) => {
                    if let State::Live(record) = state {
                        self.forget(&record, &key);
                    }
                    ended += 1;
                }
            }
        }
        (steps, ended)
    }

    fn shard(&self, key: &StoreKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[position(key)])
    }

    /// The shards of both keys, locked in the order of their positions; the second is `None` if it
    /// is the first.
    fn shard_pair(
        &self,
        from: &StoreKey,
        to: &StoreKey,
    ) -> (MutexGuard<'_, Shard>, Option<MutexGuard<'_, Shard>>) {
        let (old, new) = (position(from), position(to));
        match old.cmp(&new) {
            std::cmp::Ordering::Equal => (lock(&self.shards[old]), None),
            std::cmp::Ordering::Less => {
                let old = lock(&self.shards[old]);
                (old, Some(lock(&self.shards[new])))
            }
            std::cmp::Ordering::Greater => {
                let new = lock(&self.shards[new]);
                (lock(&self.shards[old]), Some(new))
            }
        }
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

fn answer(applied: Applied, record: &Record) -> Updated {
    match applied {
        Applied::Applied => Updated::Applied,
        Applied::Conflict => Updated::Conflict(record.clone()),
        Applied::Mismatch(key) => Updated::Mismatch(key),
    }
}

/// The shard of a key. The map inside goes by the hash's lowest and highest bits.
fn position(key: &StoreKey) -> usize {
    (KeyHasher::hash(key) >> 40) as usize % SHARDS
}

/// A panic under the lock leaves a shard that is at worst out of step with the index, which every
/// reader of the index checks; so the other sessions stay usable.
fn lock(shard: &Padded) -> MutexGuard<'_, Shard> {
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}
