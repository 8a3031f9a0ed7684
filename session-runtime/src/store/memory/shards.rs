//! All sessions of a store, and the index of whose they are.

use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::index::Index;
use super::shard::{KeyHasher, Shard, State, Step};
use crate::clock::{Clock, Timestamp};
use crate::id::StoreKey;
use crate::patch::{Applied, Patch, PrincipalOp};
use crate::record::{Principal, Record};
use crate::store::{Created, StoreError, Updated};

/// Lock order: shards by position, then the index. Nothing is awaited under a lock.
pub(super) struct Shards {
    pub(super) shards: Box<[Padded]>,
    pub(super) index: Index,
    pub(super) clock: Box<dyn Clock>,
    tombstone_time: Duration,
    /// Where the next sweep begins, so that small ones get round to every shard.
    pub(super) next_sweep: AtomicUsize,
}

/// A shard on cache lines of its own, so that neighbours do not slow each other down.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Padded(Mutex<Shard>);

pub(super) const SHARDS: usize = 128;

/// How many due entries are looked at by whatever adds one. An entry is added once and looked at
/// once per idle time, so at worst the map holds about a third more than the live sessions.
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

    pub(super) fn delete(&self, mut key: StoreKey) {
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
    pub(super) fn end_of(&self, key: &StoreKey, principal: &Principal) -> bool {
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
    pub(super) fn sweep_shard(
        &self,
        shard: &mut Shard,
        now: Timestamp,
        steps: usize,
    ) -> (usize, usize) {
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

    pub(super) fn shard(&self, key: &StoreKey) -> MutexGuard<'_, Shard> {
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

fn answer(applied: Applied, record: &Record) -> Updated {
    match applied {
        Applied::Applied => Updated::Applied,
        Applied::Conflict => Updated::Conflict(record.clone()),
        Applied::Mismatch(key) => Updated::Mismatch(key),
    }
}

/// The shard of a key. The map inside goes by the hash's lowest and highest bits.
pub(super) fn position(key: &StoreKey) -> usize {
    (KeyHasher::hash(key) >> 40) as usize % SHARDS
}

/// A panic under the lock leaves a shard that is at worst out of step with the index, which every
/// reader of the index checks; so the other sessions stay usable.
pub(super) fn lock(shard: &Padded) -> MutexGuard<'_, Shard> {
    shard.0.lock().unwrap_or_else(PoisonError::into_inner)
}
