//! A clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Timestamp, whole_millis};

/// A clock that moves only when the test moves it.
///
/// Clones show the same time. Give one clone to the store and one to the `Sessions` builder, and
/// keep a third. Redis and PostgreSQL use the clock of their server instead.
///
/// ```
/// use session_runtime::testing::ManualClock;
/// use session_runtime::{Keyring, SessionSchema, Sessions, store::MemoryStore};
/// use std::time::Duration;
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     theme: Option<String>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use session_runtime::testing::CookieJar;
/// let clock = ManualClock::default();
/// let sessions = Sessions::builder(MemoryStore::with_clock(clock.clone()))
///     .keys(Keyring::new([[7; 32]])?)
///     .clock(clock.clone())
///     .idle_timeout(Duration::from_secs(20 * 60))
///     .build()?;
/// let issued = sessions.issue::<Visit>(|visit| visit.set_theme(Some("dark".into()))).await?;
/// let mut cookies = CookieJar::new(&sessions);
/// cookies.keep(issued.set_cookies());
///
/// clock.advance(Duration::from_secs(20 * 60 - 1));
/// assert!(cookies.session::<Visit>().await?.is_some());
/// clock.advance(Duration::from_secs(1));
/// assert!(cookies.session::<Visit>().await?.is_none(), "it has expired");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Makes a clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(now.as_millis())))
    }

    /// Moves the clock forward by `duration`, in whole milliseconds.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(whole_millis(duration), Ordering::SeqCst);
    }

    /// Sets the clock to `now`, which may be earlier than before.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    /// Makes a clock that shows a fixed time in the year 2023.
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_700_000_000_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
