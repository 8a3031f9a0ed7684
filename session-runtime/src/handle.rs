//! One request's session: from the request's headers to the response's.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, MutexGuard, OnceLock};

use futures_util::lock::Mutex;
use http::StatusCode;

use crate::clock::Clock;
use crate::commit::Commit;
use crate::cookie::CookieValue;
use crate::cookie::read::CookieHeaders;
use crate::core::Core;
use crate::error::SessionError;
use crate::finish::{CookieCommand, FinishGuard, Finished};
use crate::id::StoreKey;
use crate::observe;
use crate::plan::is_touch_due;
use crate::record::Record;
use crate::schema::SessionSchema;
use crate::session::Session;
use crate::state::{Garbage, HasState, PendingCookie, State, StateCell, Stored};
use crate::view::View;
use crate::views::{FirstView, first_view, view_index};

/// The session of one request, whatever its schemas; clones share it.
///
/// The frameworks' layers make one with [`Sessions::begin`](crate::Sessions::begin) and end it with
/// [`finish`](Self::finish). It is an extractor too: a middleware can take any schema's
/// [`Session`] from it, and a handler can [`destroy`](Self::destroy) a session that does not decode.
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
pub struct SessionHandle(Arc<Request>);

struct Request {
    core: Arc<Core>,
    cookies: CookieHeaders,
    /// Not loaded until the session is asked for.
    cell: StateCell,
    /// Held by whoever loads.
    loading: Mutex<()>,
    /// Whoever saves takes turns, first come, first served, so that a task that commits in a loop does not keep
    /// the response. Made when it is needed: most requests are saved when nobody else holds the session.
    turn: OnceLock<Box<Turn>>,
}

/// Fair, unlike the mutex of `futures_util`, which takes less time.
type Turn = tokio::sync::Mutex<()>;

impl HasState for Request {
    fn state(&self) -> &StateCell {
        &self.cell
    }

    fn clock(&self) -> &dyn Clock {
        &*self.core.clock
    }
}

impl SessionHandle {
    pub(crate) fn new(core: Arc<Core>, cookies: CookieHeaders) -> Self {
        let cell = StateCell::new();
        let (loading, turn) = (Mutex::new(()), OnceLock::new());
        Self(Arc::new(Request { core, cookies, cell, loading, turn }))
    }

    /// The session seen through the schema `S`. The first call of a request loads the record.
    ///
    /// # Errors
    ///
    /// If the store fails, a stored value does not decode, or `S` claims a key of another schema.
    pub async fn session<S: SessionSchema>(&self) -> Result<Session<S>, SessionError> {
        self.clone().into_session().await
    }

    /// As [`session`](Self::session), for those who need no handle any more.
    pub(crate) async fn into_session<S: SessionSchema>(self) -> Result<Session<S>, SessionError> {
        let Request { core, cell, .. } = &*self.0;
        core.registry.admit::<S>()?;
        let index = match self.load_and(Some(first_view::<S>)).await? {
            true => 0,
            false => view_index::<S>(cell, &*core.clock)?,
        };
        Ok(Session::new(self, index))
    }

    /// The view at `index` of the session's views.
    pub(crate) fn view<S: SessionSchema>(&self, index: usize) -> View<S> {
        View::new(self.0.clone(), index)
    }

    /// What is known of the session.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.cell.lock()
    }

    /// Ends the session, also one that does not decode: as [`Session::destroy`].
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
    ///             handle.destroy().await?; // better a new session than none
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
        let _garbage = self.state().destroy();
        Ok(())
    }

    /// Saves what has changed so far: as [`Session::commit`].
    ///
    /// # Errors
    ///
    /// As for [`Session::commit`].
    pub async fn commit(&self) -> Result<(), SessionError> {
        let Some(cell) = self.0.cell.loaded() else { return Ok(()) };
        let core = &self.0.core;
        // Told when the turn is over.
        let mut events = core.hooks.later();
        let _turn = self.turn().lock().await;
        let commit = Commit { core, cell, principal_only: false, observed: true };
        commit.run(&mut events).await
    }

    /// Saves what has changed and says what the response needs. For adapters, once, when the head of
    /// the response is known.
    pub async fn finish(self, status: StatusCode) -> Finished {
        match self.finish_now() {
            Some(finished) => finished,
            None => self.save_and_finish(status).await,
        }
    }

    /// [`finish`](Self::finish) where [`finish_now`](Self::finish_now) has answered `None`.
    pub(crate) async fn save_and_finish(self, status: StatusCode) -> Finished {
        let Request { core, cell, .. } = &*self.0;
        // Told when the turn is over.
        let mut events = core.hooks.later();
        let observed = Arc::strong_count(&self.0) > 1;
        // With nobody else there is nobody to take turns with. Whoever held the session before did what
        // he did before he let go.
        let _turn = if observed { Some(self.last_turn().await) } else { None };
        let commit = Commit {
            core,
            cell,
            principal_only: core.skip_commit_on_server_error && status.is_server_error(),
            observed,
        };
        let error = commit.run(&mut events).await.err();
        if let Some(error) = &error {
            error.report("saving the session");
        }
        self.conclude(cell.lock(), error)
    }

    fn turn(&self) -> &Turn {
        self.0.turn.get_or_init(Box::default)
    }

    /// The turn to save at the end. If nobody waits for it any more, there is no response.
    async fn last_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        let mut guard = FinishGuard::new(self.clone());
        let turn = self.turn().lock().await;
        guard.release();
        turn
    }

    /// Whether nothing has asked for the session. Who does so from now on cannot be given a cookie.
    #[inline]
    pub(crate) fn end_untouched(&self) -> bool {
        let is_untouched = self.0.cell.loaded().is_none();
        if is_untouched && Arc::strong_count(&self.0) > 1 {
            self.state().responded = true;
        }
        is_untouched
    }

    /// [`finish`](Self::finish) for the requests that need no wait: `None` if the store must be
    /// asked.
    pub fn finish_now(&self) -> Option<Finished> {
        if self.end_untouched() {
            return Some(Finished::untouched());
        }
        let core = &self.0.core;
        let state = self.state();
        // A commit that is under way is pending or unsettled.
        let idle = !state.is_pending()
            && state.unsettled.is_none()
            && !is_touch_due(core, &state, || core.now());
        idle.then(|| self.conclude(state, None))
    }

    /// Drops what is pending, and reports it: the request ends without a response. For adapters.
    pub fn abandon(&self) {
        let _garbage: Garbage = {
            let mut state = self.state();
            state.responded = true;
            if !state.has_unsaved() {
                return;
            }
            state.dropped_changes = true;
            state.wish = Default::default();
            state.revert_views(&*self.0.core.clock)
        };
        tracing::warn!("a request ended without a response; its session changes were not saved");
    }

    /// Whether both are the session of one `Sessions`. For adapters that may be nested.
    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    pub(crate) fn belongs_to(&self, core: &Arc<Core>) -> bool {
        Arc::ptr_eq(&self.0.core, core)
    }

    /// Loads the record, if nobody has.
    pub(crate) async fn load(&self) -> Result<(), SessionError> {
        self.load_and(None).await.map(drop)
    }

    /// Loads the record, if nobody has, with its first view; answers whether this call has.
    async fn load_and(&self, first_view: Option<FirstView>) -> Result<bool, SessionError> {
        let Request { core, cookies, cell, loading, .. } = &*self.0;
        if cell.loaded().is_some() {
            return Ok(false);
        }
        let _loading = match loading.try_lock() {
            Some(loading) => loading,
            None => loading.lock().await,
        };
        if cell.loaded().is_some() {
            return Ok(false);
        }
        let stored = match cookies.is_empty() {
            true => Stored::Nothing,
            false => core.keeper.find(core.cookie.name(), cookies).await?,
        };
        observe::loaded(&stored);
        // `Deserialize` is code of the application: it runs before the state is locked, and the session was read
        // even if it panics.
        let decode = || first_view.map(|decode| decode(&stored, &*core.clock)).transpose();
        let mut decoded = catch_unwind(AssertUnwindSafe(decode));
        let view = match &mut decoded {
            Ok(Ok(view)) => view.take(),
            Ok(Err(_)) | Err(_) => None,
        };
        cell.load(stored, view);
        match decoded {
            Ok(decoded) => decoded.map(|_| true),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// The key that the session is stored under, as far as this request has loaded it.
    pub(crate) fn stored_key(&self) -> Option<StoreKey> {
        Some(self.0.cell.loaded()?.lock().live()?.id.key)
    }

    pub(crate) fn core(&self) -> &Core {
        &self.0.core
    }

    fn conclude(&self, mut state: MutexGuard<'_, State>, error: Option<SessionError>) -> Finished {
        state.responded = true;
        // A closure that holds the session would keep it alive for ever.
        let garbage = error.as_ref().map(|_| state.drop_changes(&*self.0.core.clock));
        if state.live().is_none() {
            // There is no cookie any more that it could be about.
            state.wish.remember = None;
        }
        let cookie = match (&state.cookie, state.record()) {
            (PendingCookie::Set(value), Some(record)) => self.set_cookie(value, record),
            (PendingCookie::Remove, _) => {
                let Request { core, cookies, .. } = &*self.0;
                CookieCommand::Remove(core.keeper.remove(&core.cookie, cookies))
            }
            (PendingCookie::Set(_) | PendingCookie::Nothing, _) => CookieCommand::Nothing,
        };
        state.cookie = PendingCookie::Nothing;
        drop(state);
        drop(garbage);
        Finished { cookie, error, read: true }
    }

    fn set_cookie(&self, value: &CookieValue, record: &Record) -> CookieCommand {
        let Request { core, cookies, .. } = &*self.0;
        let max_age = core.max_age(record);
        CookieCommand::Set(core.keeper.set(&core.cookie, value, max_age, cookies))
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
