//! What waits for one connection, and what is in flight on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Id};

use super::pending::Pending;

/// The requests of one connection.
#[derive(Default)]
pub(super) struct Queue {
    next: Mutex<Next>,
    /// How many direct requests and flushes have no answer yet.
    in_flight: AtomicUsize,
}

/// The next batch.
#[derive(Default)]
pub(super) struct Next {
    pub(super) pending: Pending,
    /// `None` if nothing is pending.
    flush: Option<ScheduledFlush>,
}

/// A task will send the pending requests.
struct ScheduledFlush {
    since: Instant,
    /// The runtime of the task and of all requests that wait for it. A request never waits for
    /// another runtime, because that one can hang or shut down.
    runtime: Id,
}

/// How a request that joins is sent.
pub(super) enum Schedule {
    /// By a flush that is scheduled already.
    Scheduled,
    /// By a flush that must be spawned on this runtime.
    Spawn(Handle),
}

/// If a flush has not run after this time, its thread may hang. Then another one is spawned.
const LATE: Duration = Duration::from_millis(100);

impl Queue {
    pub(super) fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Counts a request or a flush as in flight, until the guard is dropped.
    pub(super) fn in_flight(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    /// Takes what is pending for the flush of a runtime. Empty if another flush has taken it.
    pub(super) fn take(&self, runtime: Id) -> Pending {
        let mut next = self.next();
        match &next.flush {
            Some(flush) if flush.runtime == runtime => std::mem::take(&mut *next).pending,
            _ => Pending::default(),
        }
    }
}

impl Next {
    pub(super) fn is_scheduled(&self) -> bool {
        self.flush.is_some()
    }

    /// Schedules a flush for one more request. `None` if the scheduled flush is on another runtime:
    /// then the request must be sent directly.
    pub(super) fn schedule(&mut self) -> Option<Schedule> {
        let handle = Handle::try_current().ok()?;
        let (now, runtime) = (Instant::now(), handle.id());
        match &self.flush {
            Some(flush) if flush.runtime != runtime => return None,
            Some(flush) if now - flush.since <= LATE => return Some(Schedule::Scheduled),
            _ => {}
        }
        self.flush = Some(ScheduledFlush { since: now, runtime });
        Some(Schedule::Spawn(handle))
    }
}

/// Counts as in flight until it is dropped.
pub(super) struct InFlight<'a>(&'a Queue);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
