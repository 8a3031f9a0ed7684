//! A connection that all requests share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// A connection that is opened when it is needed and replaced when it is lost.
pub(super) struct Shared<C> {
    current: Mutex<Arc<Slot<C>>>,
}

/// One connection, from the request that opens it on until it is lost.
pub(super) struct Slot<C> {
    pub(super) connection: OnceCell<C>,
    pub(super) is_lost: Arc<AtomicBool>,
}

impl<C> Shared<C> {
    pub(super) fn new() -> Self {
        Self { current: Mutex::default() }
    }

    /// The connection, or the place for the next one.
    pub(super) fn slot(&self) -> Arc<Slot<C>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_lost.load(Ordering::Relaxed) {
            *current = Arc::default();
        }
        current.clone()
    }
}

impl<C> Slot<C> {
    /// One that hangs or fails is no use: unless it answered well, the next request gets another one.
    pub(super) fn keep_if(&self, is_well: bool) {
        if !is_well {
            self.lose();
        }
    }

    /// Whoever asks next gets another one.
    pub(super) fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }
}

impl<C> Default for Slot<C> {
    fn default() -> Self {
        Self { connection: OnceCell::new(), is_lost: Arc::default() }
    }
}
