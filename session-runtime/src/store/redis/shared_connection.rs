//! One connection that all requests share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// A connection that is opened when it is needed, and replaced after it is lost.
pub(super) struct SharedConnection<C> {
    current: Mutex<Arc<ConnectionCell<C>>>,
}

/// Holds one connection, from the request that opens it until it is lost.
pub(super) struct ConnectionCell<C> {
    pub(super) connection: OnceCell<C>,
    pub(super) is_lost: Arc<AtomicBool>,
}

impl<C> SharedConnection<C> {
    pub(super) fn new() -> Self {
        Self { current: Mutex::default() }
    }

    /// The current connection. A new, empty cell if the last connection was lost.
    pub(super) fn cell(&self) -> Arc<ConnectionCell<C>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_lost.load(Ordering::Relaxed) {
            *current = Arc::default();
        }
        current.clone()
    }
}

impl<C> ConnectionCell<C> {
    /// Keeps the connection only if it works. A connection that hangs or fails must be replaced.
    pub(super) fn keep_if(&self, works: bool) {
        if !works {
            self.lose();
        }
    }

    /// Lets the next request open another connection.
    pub(super) fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }
}

impl<C> Default for ConnectionCell<C> {
    fn default() -> Self {
        Self { connection: OnceCell::new(), is_lost: Arc::default() }
    }
}
