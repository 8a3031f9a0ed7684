//! A queue per session: requests of this process that rewrite the same session take turns.
//!
//! Without it many of them would find their work overtaken again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::id::StoreKey;

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The queues of all sessions that are being rewritten now.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<StoreKey, Turn>>);

impl Queues {
    /// Waits for the session's turn, first come, first served. The place ends when it is dropped.
    pub(crate) async fn enter(self: &Arc<Self>, key: StoreKey) -> Place {
        let turn = self.lock().entry(key).or_default().clone();
        let mut place = Place { queues: self.clone(), key, turn, guard: None };
        place.guard = Some(place.turn.clone().lock_owned().await);
        place
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<StoreKey, Turn>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a session's queue.
pub(crate) struct Place {
    queues: Arc<Queues>,
    key: StoreKey,
    turn: Turn,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.guard = None;
        let mut queues = self.queues.lock();
        // The map's and this one: nobody else waits.
        if Arc::strong_count(&self.turn) == 2 {
            queues.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_taken_in_order_and_leave_nothing_behind() {
        let queues = Arc::new(Queues::default());
        let key = StoreKey::from_bytes([1; 16]);
        let first = queues.enter(key).await;
        let second = tokio::time::timeout(std::time::Duration::ZERO, queues.enter(key)).await;
        assert!(second.is_err(), "the session has one turn at a time");
        drop(queues.enter(StoreKey::from_bytes([2; 16])).await);
        drop(first);
        drop(queues.enter(key).await);
        assert!(queues.lock().is_empty());
    }
}
