//! All sessions of a store, and the index by principal.

use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::index::Index;
use super::shard::{KeyHasher, Shard, State, Step};
use crate::clock::{Clock, Timestamp};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::{Patch, PrincipalOp};
use crate::record::{Principal, Record};
use crate::store::contract::{Created, KEY_IN_USE, Updated};

/// The shards and the index.
///
/// The order of locks is: shards by position, then the index. Nothing is awaited under a lock.
pub(super) struct Shards {
    pub(super) shards: Box<[Padded]>,
    pub(super) index: Index,
    pub(super) clock: Box<dyn Clock>,
    tombstone_time: Duration,
    /// Where the next sweep begins, so that small sweeps also reach every shard in the end.
    pub(super) next_sweep: AtomicUsize,
}

/// A shard on its own cache lines, so that the locks of two shards do not share one.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Padded(Mutex<Shard>);

pub(super) const SHARDS: usize = 128;

/// How many due entries a write checks when it adds one.
///
/// An entry is added once and checked once per idle time, so at worst the map holds about a third
/// more entries than live sessions.
const SWEPT_PER_WRITE: usize = 4;

impl Shards {
    pub(super) fn new(clock: Box<dyn Clock>, tombstone_time: Duration) -> Self {
        Self {
            shards: std::iter::repeat_with(Padded::default).take(SHARDS).collect(),
            index: Index::new(),
            clock,
            tombstone_time,
            next_sweep: AtomicUsize::new(0),
        }
    }

    pub(super) fn create(&self, key: &StoreKey, record: &Record) -> Created {
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

    pub(super) fn update(&self, key: &StoreKey, patch: &Patch) -> Updated {
        let now = self.clock.recent();
        let mut shard = self.shard(key);
        let before = match patch.principal {
            PrincipalOp::Keep => None,
            _ => shard.live(key, now).and_then(|record| record.principal.clone()),
        };
        let updated = shard.apply(key, patch, now, |applied, record| {
            let updated = Updated::of(applied, record);
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
        updated.unwrap_or(Updated::Gone)
    }

    pub(super) fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let now = self.clock.recent();
        let (mut old, mut new) = self.shard_pair(from, to);
        self.sweep_shard(new.as_deref_mut().unwrap_or(&mut *old), now, SWEPT_PER_WRITE);
        let Some(before) = old.live(from, now).map(|record| record.principal.clone()) else {
            return Ok(Updated::Gone);
        };
        if new.as_deref().unwrap_or(&*old).get(to, now).is_some() {
            return Err(StoreError::backend(KEY_IN_USE));
        }
        let updated = old.apply(from, patch, now, Updated::of);
        if updated != Some(Updated::Applied) {
            return Ok(updated.unwrap_or(Updated::Gone));
        }
        let moved_to = Some(*to).filter(|_| !patch.signs_in());
        if let Some(State::Live(record)) = old.put(*from, self.tombstone(now, moved_to)) {
            let new = new.as_deref_mut().unwrap_or(&mut *old);
            let after = record.principal.clone();
            if let Some(State::Live(expired)) = new.put(*to, State::Live(record)) {
                self.unindex(&expired, to);
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

    pub(super) fn delete(&self, mut key: StoreKey) {
        let now = self.clock.recent();
        loop {
            let mut shard = self.shard(&key);
            self.sweep_shard(&mut shard, now, SWEPT_PER_WRITE);
            let moved_to = shard.moved_to(&key, now);
            self.put(&mut shard, &key, self.tombstone(now, None));
            match moved_to {
                Some(to) => key = to,
                None => return,
            }
        }
    }

    fn tombstone(&self, now: Timestamp, moved_to: Option<StoreKey>) -> State {
        State::Gone { until: now + self.tombstone_time, moved_to }
    }

    /// Deletes the session under `key` if it still belongs to `principal`; returns whether it did.
    pub(super) fn delete_session_of(&self, key: &StoreKey, principal: &Principal) -> bool {
        let now = self.clock.recent();
        let mut shard = self.shard(key);
        let live =
            shard.live(key, now).is_some_and(|record| record.principal.as_ref() == Some(principal));
        if live {
            self.put(&mut shard, key, self.tombstone(now, None));
        } else {
            // It has expired. Without this the caller would get the same key forever.
            self.index.remove(principal, key);
        }
        live
    }

    /// Stores `state` under `key` and updates the index.
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
            self.unindex(&replaced, key);
        }
    }

    /// Removes the index entry of a record that was stored under `key`.
    fn unindex(&self, record: &Record, key: &StoreKey) {
        if let Some(principal) = &record.principal {
            self.index.remove(principal, key);
        }
    }

    /// Checks up to `steps` due entries; returns how many it checked and how many had expired.
    pub(super) fn sweep_shard(
        &self,
        shard: &mut Shard,
        now: Timestamp,
        steps: usize,
    ) -> (usize, usize) {
        let mut expired = 0;
        for checked in 0..steps {
            match shard.step(now) {
                Step::NothingDue => return (checked, expired),
                Step::Kept => {}
                Step::Removed(key, state) => {
                    if let State::Live(record) = state {
                        self.unindex(&record, &key);
                    }
                    expired += 1;
                }
            }
        }
        (steps, expired)
    }

    pub(super) fn shard(&self, key: &StoreKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[position(key)])
    }

    /// The shards of both keys, locked in the order of their positions.
    ///
    /// The second is `None` if both keys are in the same shard.
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

/// The position of the shard of a key.
///
/// It uses bits of the hash that the map inside the shard does not: that one uses the lowest and
/// the highest.
pub(super) fn position(key: &StoreKey) -> usize {
    (KeyHasher::hash(key) >> 40) as usize % SHARDS
}

/// Locks a shard, even after a panic under its lock.
///
/// Such a panic leaves at worst an index that differs from the shard. Every reader of the index
/// checks the shard, so the other sessions stay usable.
pub(super) fn lock(shard: &Padded) -> MutexGuard<'_, Shard> {
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}
