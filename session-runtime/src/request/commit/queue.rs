//! A queue per session: requests of this process that rewrite the same session take turns.
//!
//! Without it many of them would find their work overtaken again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::error::{SessionError, SessionErrorKind};
use crate::id::StoreKey;

/// Between processes a save that was overtaken waits up to this long before it tries again.
const MAX_JITTER_MILLIS: u64 = 32;

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The queues of all sessions that are being rewritten now.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<StoreKey, Turn>>);

impl Queues {
    /// Waits for the session's turn, first come, first served. The place ends when it is dropped.
    async fn enter(self: &Arc<Self>, key: StoreKey) -> Place {
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
struct Place {
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

/// Requests that rewrite one session at the same time, and how long they go on.
pub(super) struct Contention {
    patience: Duration,
    deadline: Instant,
    _place: Place,
}

impl Contention {
    /// Waits for the session's turn among the requests of this process.
    pub(super) async fn enter(
        queues: &Arc<Queues>,
        key: StoreKey,
        patience: Duration,
    ) -> Result<Self, SessionError> {
        let deadline = Instant::now() + patience;
        match tokio::time::timeout_at(deadline, queues.enter(key)).await {
            Ok(place) => Ok(Self { patience, deadline, _place: place }),
            Err(_) => Err(SessionErrorKind::Contended(patience).into()),
        }
    }

    /// Waits a little before the next try. Requests of this process wait in the queue, so a second
    /// conflict comes from another process.
    pub(super) async fn back_off(&self, conflicts: u32) -> Result<(), SessionError> {
        if Instant::now() >= self.deadline {
            return Err(SessionErrorKind::Contended(self.patience).into());
        }
        if conflicts > 1 {
            let random = getrandom::u32().map_err(SessionErrorKind::Random)?;
            let millis = u64::from(random) % (MAX_JITTER_MILLIS + 1);
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        Ok(())
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
