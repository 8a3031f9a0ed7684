//! One part of the map, and the order in which its entries expire.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
use crate::record::Record;
use crate::store::page::SessionInfo;

/// A map of entries that knows which of them may have expired.
///
/// Every entry is listed once in `due`, under the time at which a sweep checks it. That time is
/// never later than the entry's expiry. It is often earlier, because a touch moves the expiry but
/// not the listing, which keeps a touch O(1). A sweep that finds such an entry lists it again.
#[derive(Default)]
pub(super) struct Shard {
    entries: HashMap<StoreKey, Entry, BuildHasherDefault<KeyHasher>>,
    due: BTreeSet<(Timestamp, StoreKey)>,
}

struct Entry {
    state: State,
    listed: Timestamp,
}

/// What is stored under a key.
pub(super) enum State {
    Live(Record),
    /// A tombstone until this time. `delete` follows the session to `moved_to`.
    Gone {
        until: Timestamp,
        moved_to: Option<StoreKey>,
    },
}

/// What one step of a sweep did.
pub(super) enum Step {
    NothingDue,
    /// The entry has not expired and is listed again.
    Kept,
    /// The entry has expired and is removed.
    Removed(StoreKey, State),
}

impl State {
    fn expires_at(&self) -> Timestamp {
        match self {
            Self::Live(record) => record.expires_at,
            Self::Gone { until, .. } => *until,
        }
    }
}

impl Shard {
    /// What is stored under `key`, unless it has expired.
    pub(super) fn get(&self, key: &StoreKey, now: Timestamp) -> Option<&State> {
        self.entries.get(key).map(|entry| &entry.state).filter(|state| now < state.expires_at())
    }

    /// The record under `key`, if it is live.
    pub(super) fn live(&self, key: &StoreKey, now: Timestamp) -> Option<&Record> {
        match self.get(key, now) {
            Some(State::Live(record)) => Some(record),
            _ => None,
        }
    }

    /// Where `delete` follows the session that was under `key`.
    pub(super) fn moved_to(&self, key: &StoreKey, now: Timestamp) -> Option<StoreKey> {
        match self.get(key, now) {
            Some(State::Gone { moved_to, .. }) => *moved_to,
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

    /// Stores `state` under `key`; returns what it replaced, expired or not.
    pub(super) fn put(&mut self, key: StoreKey, state: State) -> Option<State> {
        let listed = state.expires_at();
        let replaced = self.entries.insert(key, Entry { state, listed });
        if let Some(old) = &replaced {
            self.due.remove(&(old.listed, key));
        }
        self.due.insert((listed, key));
        replaced.map(|old| old.state)
    }

    /// Applies `patch` to the record under `key` and calls `then` with the outcome.
    ///
    /// `None` if the record is not live.
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
        let result = then(patch.apply(record), record);
        if record.expires_at < entry.listed {
            self.due.remove(&(entry.listed, *key));
            entry.listed = record.expires_at;
            self.due.insert((entry.listed, *key));
        }
        Some(result)
    }

    /// Checks the entry that is due first.
    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        let Some(&(listed, key)) = self.due.first() else { return Step::NothingDue };
        if now < listed {
            return Step::NothingDue;
        }
        self.due.pop_first();
        match self.entries.get_mut(&key) {
            Some(entry) if now < entry.state.expires_at() => {
                entry.listed = entry.state.expires_at();
                self.due.insert((entry.listed, key));
                Step::Kept
            }
            _ => match self.entries.remove(&key) {
                Some(entry) => Step::Removed(key, entry.state),
                // This cannot happen: every listed key has an entry.
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
/// Store keys come from an HMAC with a secret key. So no client can choose keys that collide, and a
/// keyed hash would add no protection.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl KeyHasher {
    pub(super) fn hash(key: &StoreKey) -> u64 {
        let key = u128::from_le_bytes(*key.as_bytes());
        // The bits are mixed because the keys of tests often differ in one byte only.
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

    /// Ignores the length that a slice writes before its content: all keys have the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
