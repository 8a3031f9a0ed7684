//! The index: which keys belong to a principal.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::id::StoreKey;
use crate::record::Principal;

/// The keys of every principal. Expired ones are included until they are swept.
///
/// The locks of the index are the innermost: a writer already holds the lock of the entry's shard,
/// and nobody takes another lock while they hold one of the index. So the index differs from a
/// shard only while both are locked.
pub(super) struct Index {
    parts: [Mutex<Part>; PARTS],
    hasher: RandomState,
}

type Part = HashMap<Principal, BTreeSet<StoreKey>>;

const PARTS: usize = 16;

impl Index {
    pub(super) fn new() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }

    pub(super) fn insert(&self, principal: &Principal, key: StoreKey) {
        insert(&mut self.part(principal), principal, key);
    }

    pub(super) fn remove(&self, principal: &Principal, key: &StoreKey) {
        remove(&mut self.part(principal), principal, key);
    }

    /// Replaces `from` by `to`. No reader sees the principal without both keys.
    pub(super) fn rename(&self, principal: &Principal, from: &StoreKey, to: StoreKey) {
        let mut part = self.part(principal);
        insert(&mut part, principal, to);
        remove(&mut part, principal, from);
    }

    /// All keys of `principal`, read under one lock.
    pub(super) fn keys(&self, principal: &Principal) -> Vec<StoreKey> {
        let part = self.part(principal);
        part.get(principal).map(|keys| keys.iter().copied().collect()).unwrap_or_default()
    }

    /// Up to `limit` keys of `principal` other than `except`; empty only if there are none.
    pub(super) fn some(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
        limit: usize,
    ) -> Vec<StoreKey> {
        let part = self.part(principal);
        let Some(keys) = part.get(principal) else { return Vec::new() };
        keys.iter().filter(|key| Some(*key) != except).take(limit).copied().collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let locked = |part: &Mutex<Part>| -> usize {
            part.lock().unwrap_or_else(PoisonError::into_inner).values().map(BTreeSet::len).sum()
        };
        self.parts.iter().map(locked).sum()
    }

    fn part(&self, principal: &Principal) -> MutexGuard<'_, Part> {
        let part = &self.parts[self.hasher.hash_one(principal) as usize % PARTS];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert(part: &mut Part, principal: &Principal, key: StoreKey) {
    match part.get_mut(principal) {
        Some(keys) => {
            keys.insert(key);
        }
        None => {
            part.insert(principal.clone(), BTreeSet::from([key]));
        }
    }
}

fn remove(part: &mut Part, principal: &Principal, key: &StoreKey) {
    if let Some(keys) = part.get_mut(principal) {
        keys.remove(key);
        if keys.is_empty() {
            part.remove(principal);
        }
    }
}
