//! The end of a request: its changes are saved, and the response gets its headers.

use std::sync::{Arc, MutexGuard};

use http::StatusCode;

use super::commit::Commit;
use super::commit::make_patch::is_touch_due;
use super::finished::{CookieCommand, Finished};
use super::handle::{Request, SessionHandle};
use super::state::{PendingCookie, State};
use crate::backend::stored::CookieValue;
use crate::error::SessionError;
use crate::record::Record;
use crate::schema::any_values::Discarded;

impl SessionHandle {
    /// Saves the changes, and answers what the response needs. Adapters call it once, when the head
    /// of the response is known.
    pub async fn finish(self, status: StatusCode) -> Finished {
        FinishGuard::new(self).finish(status).await
    }

    /// [`finish`](Self::finish) up to the point where the store must be asked.
    #[inline]
    fn end(self, status: StatusCode) -> End {
        if self.0.cell.loaded().is_none() {
            if Arc::strong_count(&self.0) > 1 {
                // Who asks for the session from now on can get no cookie.
                self.state().responded = true;
            }
            return End::Untouched;
        }
        self.end_loaded(status)
    }

    fn end_loaded(self, status: StatusCode) -> End {
        let config = &*self.0.config;
        let state = self.state();
        let is_idle = !state.is_pending()
            && state.in_flight.is_none()
            && !is_touch_due(config, &state, || config.now());
        match is_idle {
            true => End::Finished(self.conclude(state, None)),
            false => {
                drop(state);
                End::Unsaved(Unsaved { handle: self, status })
            }
        }
    }

    /// Saves the changes.
    async fn save(&self, status: StatusCode) -> Finished {
        let Request { config, cell, .. } = &*self.0;
        // Dropped last: the hooks run when the turn has ended.
        let mut events = config.hooks.later();
        let observed = Arc::strong_count(&self.0) > 1;
        // The last handle needs no turn: all others have done their work.
        let _turn = if observed { Some(self.last_turn().await) } else { None };
        let commit = Commit {
            config,
            cell,
            principal_only: config.skip_commit_on_server_error && status.is_server_error(),
            observed,
        };
        let error = commit.run(&mut events).await.err();
        if let Some(error) = &error {
            error.report("saving the session");
        }
        self.conclude(cell.lock(), error)
    }

    /// The turn to save at the end of the request. If this future is dropped, there is no response.
    async fn last_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        let mut guard = FinishGuard::new(self.clone());
        let turn = self.turn().lock().await;
        guard.release();
        turn
    }

    /// Ends the request without a response: drops pending changes, and reports them.
    fn abandon(&self) {
        let _discarded: Discarded = {
            let mut state = self.state();
            state.responded = true;
            if !state.has_unsaved() {
                return;
            }
            state.dropped_changes = true;
            state.intent = Default::default();
            state.revert_values(&*self.0.config.clock)
        };
        tracing::warn!("a request ended without a response; its session changes were not saved");
    }

    fn conclude(&self, mut state: MutexGuard<'_, State>, error: Option<SessionError>) -> Finished {
        state.responded = true;
        // A pending closure that holds the session would keep it alive for ever.
        let discarded = error.as_ref().map(|_| state.drop_changes(&*self.0.config.clock));
        if state.live().is_none() {
            // There is no cookie any more whose lifetime could change.
            state.intent.remember = None;
        }
        let cookie = match (&state.cookie, state.record()) {
            (PendingCookie::Set(value), Some(record)) => self.set_cookie(value, record),
            (PendingCookie::Remove, _) => {
                let Request { config, cookies, .. } = &*self.0;
                CookieCommand::Remove(config.backend.remove(&config.cookie, cookies))
            }
            (PendingCookie::Set(_) | PendingCookie::Nothing, _) => CookieCommand::Nothing,
        };
        state.cookie = PendingCookie::Nothing;
        drop(state);
        drop(discarded);
        Finished { cookie, error, read: true }
    }

    fn set_cookie(&self, value: &CookieValue, record: &Record) -> CookieCommand {
        let Request { config, cookies, .. } = &*self.0;
        let max_age = config.max_age(record);
        CookieCommand::Set(config.backend.set(&config.cookie, value, max_age, cookies))
    }
}

/// How far a request could end without the store.
pub(crate) enum End {
    /// Nobody asked for the session. The response stays as it is.
    Untouched,
    Finished(Finished),
    Unsaved(Unsaved),
}

/// A session that must be saved.
pub(crate) struct Unsaved {
    handle: SessionHandle,
    status: StatusCode,
}

impl Unsaved {
    #[allow(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` holds its arguments twice"
    )]
    pub(crate) fn save(self) -> impl Future<Output = Finished> + Send {
        async move { self.handle.save(self.status).await }
    }
}

/// Ends the session of a request, in every way that the request can end. If no response is made, it
/// drops the pending changes and reports them. For adapters.
#[derive(Debug)]
pub struct FinishGuard(Option<SessionHandle>);

impl FinishGuard {
    /// A guard of `handle`.
    pub fn new(handle: SessionHandle) -> Self {
        Self(Some(handle))
    }

    /// A guard of the handle that this layer has begun, if an outer layer has not.
    #[cfg(feature = "axum")]
    pub(crate) fn of(begun: Option<SessionHandle>) -> Self {
        Self(begun)
    }

    /// The head of the response is known: see [`SessionHandle::finish`].
    #[allow(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` holds its arguments twice"
    )]
    pub fn finish(mut self, status: StatusCode) -> impl Future<Output = Finished> + Send {
        async move {
            let unsaved = match self.end(status) {
                End::Untouched => return Finished::untouched(),
                End::Finished(finished) => return finished,
                End::Unsaved(unsaved) => unsaved,
            };
            unsaved.save().await
        }
    }

    /// [`finish`](Self::finish), for futures that are written by hand.
    #[inline]
    pub(crate) fn end(&mut self, status: StatusCode) -> End {
        match self.0.take() {
            Some(handle) => handle.end(status),
            None => End::Untouched,
        }
    }

    /// The request ends elsewhere.
    fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for FinishGuard {
    #[inline]
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.abandon();
        }
    }
}
