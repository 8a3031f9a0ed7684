//! The handle of one request's session: from the request's headers to the response's.

use std::fmt;
use std::sync::{Arc, MutexGuard, OnceLock};

use futures_util::lock::Mutex;

use super::commit::Commit;
use super::config::Config;
use super::state::{State, StateCell};
use crate::clock::Clock;
use crate::cookie::read::CookieHeaders;
use crate::error::SessionError;
use crate::id::StoreKey;
use crate::schema::SessionSchema;
use crate::schema::View;
use crate::schema::any_values::{Seen, SharedValues};

/// The session of one request, for any schema. Clones share it.
///
/// The frameworks' layers make one with [`Sessions::begin`](crate::Sessions::begin) and end it with
/// [`finish`](Self::finish). It is an extractor too: a middleware can take the
/// [`Session`](crate::Session) of any schema from it, and a handler can [`destroy`](Self::destroy)
/// a session that does not decode.
///
/// ```
/// use http::{HeaderValue, StatusCode};
/// use session_runtime::{CookieCommand, Keyring, SessionSchema, Sessions, store::MemoryStore};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     #[session(counter)]
///     counter: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions =
///     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
///
/// // What an adapter does for each request:
/// let handle = sessions.begin(std::iter::empty::<HeaderValue>());
/// handle.session::<Visit>().await?.add_counter(1); // the handler
/// let finished = handle.finish(StatusCode::OK).await;
/// assert!(matches!(finished.cookie, CookieCommand::Set(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SessionHandle(pub(super) Arc<Request>);

/// What all handles of one request share.
pub(super) struct Request {
    pub(super) config: Arc<Config>,
    pub(super) cookies: CookieHeaders,
    /// Not loaded until the session is asked for.
    pub(super) cell: StateCell,
    /// Held by the task that loads. A `OnceCell` of tokio in place of this and the flag in `cell`
    /// costs a read 5 % more instructions, and a new visitor 16 %.
    pub(super) loading: Mutex<()>,
    /// Commits take turns, in the order they came, so that a task that commits in a loop does not
    /// hold up the response. Made on first use: in most requests nobody else holds the session when
    /// it is saved.
    turn: OnceLock<Box<Turn>>,
}

/// Fair, unlike the mutex of `futures_util`, which is faster.
type Turn = tokio::sync::Mutex<()>;

impl SharedValues for Request {
    fn look(&self, look: &mut dyn FnMut(Seen<'_>)) {
        look(self.cell.lock().seen());
    }

    fn clock(&self) -> &dyn Clock {
        &*self.config.clock
    }
}

impl SessionHandle {
    pub(crate) fn new(config: Arc<Config>, cookies: CookieHeaders) -> Self {
        let cell = StateCell::new();
        let (loading, turn) = (Mutex::new(()), OnceLock::new());
        Self(Arc::new(Request { config, cookies, cell, loading, turn }))
    }

    /// The view at `index` of the session's views.
    pub(super) fn view<S: SessionSchema>(&self, index: usize) -> View<S> {
        View::new(self.0.clone(), index)
    }

    /// The state of the session, locked.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.cell.lock()
    }

    /// Ends the session, even if it does not decode. See
    /// [`Session::destroy`](crate::Session::destroy).
    ///
    /// ```
    /// use session_runtime::{SessionError, SessionHandle, SessionSchema};
    ///
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(counter)]
    ///     counter: u64,
    /// }
    ///
    /// async fn counter(handle: SessionHandle) -> Result<u64, SessionError> {
    ///     match handle.session::<Visit>().await {
    ///         Ok(session) => Ok(session.counter()),
    ///         Err(error) if error.is_mismatch() => {
    ///             handle.destroy().await?; // a new session begins
    ///             Ok(0)
    ///         }
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails to load the record.
    pub async fn destroy(&self) -> Result<(), SessionError> {
        self.load().await?;
        let _discarded = self.state().destroy();
        Ok(())
    }

    /// Saves the changes so far. See [`Session::commit`](crate::Session::commit).
    ///
    /// # Errors
    ///
    /// As for [`Session::commit`](crate::Session::commit).
    pub async fn commit(&self) -> Result<(), SessionError> {
        let Some(cell) = self.0.cell.loaded() else { return Ok(()) };
        let config = &*self.0.config;
        // Dropped last: the hooks run when the turn has ended.
        let mut events = config.hooks.later();
        let _turn = self.turn().lock().await;
        let commit = Commit { config, cell, principal_only: false, observed: true };
        commit.run(&mut events).await
    }

    pub(super) fn turn(&self) -> &Turn {
        self.0.turn.get_or_init(Box::default)
    }

    /// Whether the session belongs to the `Sessions` of `config`. For nested layers.
    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    pub(crate) fn belongs_to(&self, config: &Arc<Config>) -> bool {
        Arc::ptr_eq(&self.0.config, config)
    }

    /// The key that the session is stored under, as far as this request has loaded it.
    pub(crate) fn stored_key(&self) -> Option<StoreKey> {
        Some(self.0.cell.loaded()?.lock().live()?.id.key)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").finish_non_exhaustive()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.cell.loaded().is_some() && self.cell.get_mut().has_unsaved() {
            tracing::warn!("session changes were never committed");
        }
    }
}
