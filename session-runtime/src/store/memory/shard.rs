//! One part of the map, and the order in which its entries end.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
use crate::record::Record;
use crate::store::SessionInfo;

/// A map of entries that knows which of them may have ended.
///
/// Every entry is listed once in `due`, under a time at which it is looked at again: never later
/// than its end, often earlier, because a touch moves the end and leaves the listing alone. That
/// keeps a touch O(1); a sweep lists such an entry anew.
#[derive(Default)]
pub(super) struct Shard {
    entries: HashMap<StoreKey, Entry, BuildHasherDefault<KeyHasher>>,
    due: BTreeSet<(Timestamp, StoreKey)>,
}

struct Entry {
    state: State,
    listed: Timestamp,
}

/// What is kept under a key.
pub(super) enum State {
    Live(Record),
    /// A tombstone, when it ends, and where the session has moved.
    Gone {
        until: Timestamp,
        to: Option<StoreKey>,
    },
}

/// What one step of a sweep did.
pub(super) enum Step {
    /// Nothing was due.
    Idle,
    /// The entry lives on and is listed anew.
    Kept,
    Removed(StoreKey, State),
}

impl State {
    fn ends(&self) -> Timestamp {
        match self {
            Self::Live(record) => record.expires_at,
            Self::Gone { until, .. } => *until,
        }
    }
}

impl Shard {
    /// What is kept under `key` and has not ended.
    pub(super) fn get(&self, key: &StoreKey, now: Timestamp) -> Option<&State> {
        self.entries.get(key).map(|entry| &entry.state).filter(|state| now < state.ends())
    }

    /// The record under `key`, if it is live.
    pub(super) fn live(&self, key: &StoreKey, now: Timestamp) -> Option<&Record> {
        match self.get(key, now) {
            Some(State::Live(record)) => Some(record),
            _ => None,
        }
    }

    /// Where the session under `key` has moved, as long as its tombstone tells.
    pub(super) fn moved(&self, key: &StoreKey, now: Timestamp) -> Option<StoreKey> {
        match self.get(key, now) {
            Some(State::Gone { to, .. }) => *to,
            _ => None,
        }
    }

    /// The first `limit` live sessions after a key, in the order of their keys.
    ///
    /// The map has no order, so this looks at every key of the shard.
    pub(super) fn live_after(
        &self,
        after: Option<&StoreKey>,
        limit: usize,
        now: Timestamp,
    ) -> Vec<SessionInfo> {
        let is_live = |key: &&StoreKey| self.live(key, now).is_some();
        let is_after = |key: &&StoreKey| after.is_none_or(|after| *key > after);
        let mut keys: Vec<_> = self.entries.keys().filter(is_after).filter(is_live).collect();
        if limit < keys.len() {
            keys.select_nth_unstable(limit);
            keys.truncate(limit);
        }
        keys.sort_unstable();
        let info = |key: &StoreKey| {
            let record = self.live(key, now)?.clone();
            Some(SessionInfo { key: *key, record })
        };
        keys.into_iter().filter_map(info).collect()
    }

    /// Keeps `state` under `key`; answers what it replaced, also what had ended.
    pub(super) fn put(&mut self, key: StoreKey, state: State) -> Option<State> {
        let listed = state.ends();
        let replaced = self.entries.insert(key, Entry { state, listed });
        if let Some(old) = &replaced {
            self.due.remove(&(old.listed, key));
        }
        self.due.insert((listed, key));
        replaced.map(|old| old.state)
    }

    /// Applies `patch` to the record under `key`, if it is live, and shows the outcome to `then`.
    pub(super) fn apply<T>(
        &mut self,
        key: &StoreKey,
        patch: &Patch,
        now: Timestamp,
        then: impl FnOnce(Applied, &Record) -> T,
    ) -> Option<T> {
        let entry = self.entries.get_mut(key)?;
        let State::Live(record) = &mut entry.state else { return None };
        if !record.is_live(now) {
            return None;
        }
        let answer = then(patch.apply(record), record);
        if record.expires_at < entry.listed {
            self.due.remove(&(entry.listed, *key));
            entry.listed = record.expires_at;
            self.due.insert((entry.listed, *key));
        }
        Some(answer)
    }

    /// Looks at the entry that is due first.
    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        let Some(&(listed, key)) = self.due.first() else { return Step::Idle };
        if now < listed {
            return Step::Idle;
        }
        self.due.pop_first();
        match self.entries.get_mut(&key) {
            Some(entry) if now < entry.state.ends() => {
                entry.listed = entry.state.ends();
                self.due.insert((entry.listed, key));
                Step::Kept
            }
            _ => match self.entries.remove(&key) {
                Some(entry) => Step::Removed(key, entry.state),
                // Cannot be: what is listed has an entry.
                None => Step::Kept,
            },
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.entries.len(), self.due.len())
    }
}

/// Folds a store key into 64 bits.
///
/// Store keys are made by HMAC with a secret key, so no client can choose keys that collide and a
/// keyed hash would protect from nothing.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl KeyHasher {
    pub(super) fn hash(key: &StoreKey) -> u64 {
        let key = u128::from_le_bytes(*key.as_bytes());
        // Mixed all the same: keys made by hand in tests often differ in one byte only.
        let product = (key as u64 ^ 0x9e37_79b9_7f4a_7c15) as u128
            * ((key >> 64) as u64 ^ 0xd6e8_feb8_6659_fd93) as u128;
        (product >> 64) as u64 ^ product as u64
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        match bytes.try_into() {
            Ok(bytes) => self.0 = Self::hash(&StoreKey::from_bytes(bytes)),
            Err(_) => {
                for byte in bytes {
                    self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                }
            }
        }
    }

    /// The length that slices write before their content says nothing about a key.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
