//! The state of one request's session: a single locked cell that all its handles share.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use crate::backend::stored::{CookieValue, LiveSession, Stored};
use crate::clock::Clock;
use crate::id::StoreKey;
use crate::record::{Fields, Principal, Record};
use crate::schema::any_values::{AllValues, AnyValues, Discarded, Seen};
use crate::schema::snapshot::Snapshot;

/// The cell that all handles of one request share.
// It is part of the request from the beginning: a box of its own would be one more allocation.
pub(super) struct StateCell {
    loaded: AtomicBool,
    state: Mutex<State>,
}

impl StateCell {
    pub(super) fn new() -> Self {
        let state = State {
            stored: Stored::Nothing,
            values: SmallVec::new(),
            intent: Intent::default(),
            cookie: PendingCookie::Nothing,
            in_flight: None,
            responded: false,
            dropped_changes: false,
            generation: 0,
        };
        Self { loaded: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// Keeps what the backend answered, and its first values.
    pub(super) fn load(&self, stored: Stored, values: Option<Box<dyn AnyValues>>) {
        let mut state = self.lock();
        state.stored = stored;
        if let Some(values) = values {
            state.values.push(values);
        }
        self.loaded.store(true, Ordering::Release);
    }

    /// The cell, once the session is loaded.
    pub(super) fn loaded(&self) -> Option<&Self> {
        self.loaded.load(Ordering::Acquire).then_some(self)
    }

    /// From now on the session may be stored under `key`, whatever the outcome of the commit in
    /// flight.
    pub(super) fn mark_new_key(&self, key: StoreKey) {
        let mut state = self.lock();
        match &mut state.in_flight {
            Some(in_flight) => in_flight.new_key = Some(key),
            // The session was destroyed meanwhile, so this key must be deleted too.
            None => state.intent.deletions.push(Deletion::Possible(key)),
        }
    }

    /// Locks the state: never across an await, and never while a closure of the application runs.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Only code of a field's type, such as `Clone` or `Serialize`, can panic under the lock. It
        // leaves older values, and nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, without the lock.
    pub(super) fn get_mut(&mut self) -> &mut State {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state of one request's session.
pub(super) struct State {
    /// What the backend holds, as far as this request knows.
    pub(super) stored: Stored,
    /// The typed values of it, for each schema.
    pub(super) values: AllValues,
    pub(super) intent: Intent,
    pub(super) cookie: PendingCookie,
    /// The commit that is under way. It stays if it was cancelled or the store failed: its outcome
    /// is unknown then.
    pub(super) in_flight: Option<InFlight>,
    /// The head of the response was sent: no cookie can be set any more.
    pub(super) responded: bool,
    /// Changes were dropped with another commit, or with a request that ended without a response.
    /// The next commit must not say that they were saved.
    pub(super) dropped_changes: bool,
    /// Counts how often the session was destroyed, so that a commit under way does not bring it
    /// back.
    pub(super) generation: u64,
}

/// What the handler asked for, next to changes of fields, until the next commit.
#[derive(Default)]
pub(super) struct Intent {
    pub(super) renew: bool,
    pub(super) remember: Option<bool>,
    pub(super) touch: bool,
    pub(super) deletions: Vec<Deletion>,
    /// The browser drops the cookie once the deletions are done.
    pub(super) remove_cookie: bool,
    /// The handler destroyed a session that was already gone, or changed it before that was known.
    pub(super) changed_gone: bool,
}

impl Intent {
    /// Whether nothing would be lost without a commit.
    fn is_empty(&self) -> bool {
        !self.renew && self.remember.is_none() && !self.has_deletions() && !self.changed_gone
    }

    /// Whether there are sessions to delete, or a cookie to remove after that.
    pub(super) fn has_deletions(&self) -> bool {
        !self.deletions.is_empty() || self.remove_cookie
    }
}

/// A session to delete.
#[derive(Clone)]
pub(super) enum Deletion {
    /// The session of this request, and who was signed in.
    Session(StoreKey, Option<Principal>),
    /// A commit with an unknown outcome may have stored the session under this key.
    Possible(StoreKey),
}

impl Deletion {
    pub(super) fn key(&self) -> &StoreKey {
        match self {
            Self::Session(key, _) | Self::Possible(key) => key,
        }
    }
}

/// A commit whose outcome is not known.
#[derive(Default)]
pub(super) struct InFlight {
    /// The key under which it may have stored the session.
    pub(super) new_key: Option<StoreKey>,
}

/// What the response tells the browser.
#[derive(Default)]
pub(super) enum PendingCookie {
    #[default]
    Nothing,
    Set(CookieValue),
    Remove,
}

impl State {
    /// The stored fields, as far as this request knows.
    pub(super) fn fields(&self) -> Fields {
        self.record().map(|record| record.fields.clone()).unwrap_or_default()
    }

    pub(super) fn record(&self) -> Option<&Record> {
        self.stored.record()
    }

    pub(super) fn live(&self) -> Option<&LiveSession> {
        self.stored.live()
    }

    /// What a view may see of it.
    pub(super) fn seen(&mut self) -> Seen<'_> {
        Seen { values: &mut self.values, record: self.stored.record() }
    }

    pub(super) fn has_changes(&self) -> bool {
        self.values.iter().any(|values| values.has_changes())
    }

    /// Whether a commit has something to do. A touch that is due does not count.
    pub(super) fn is_pending(&self) -> bool {
        self.has_unsaved() || self.intent.touch
    }

    /// Whether something would be lost without a commit. A touch is no loss.
    pub(super) fn has_unsaved(&self) -> bool {
        self.has_changes() || !self.intent.is_empty()
    }

    /// Drops all pending changes. The next commit deletes the session.
    #[must_use]
    pub(super) fn destroy(&mut self) -> Discarded {
        self.generation += 1;
        self.dropped_changes = false;
        let in_flight = self.in_flight.take().and_then(|in_flight| in_flight.new_key);
        let deletions = mem::take(&mut self.intent).deletions;
        self.intent.deletions = deletions;
        self.intent.deletions.extend(in_flight.map(Deletion::Possible));
        match mem::take(&mut self.stored) {
            Stored::Live(live) => {
                self.intent.deletions.push(Deletion::Session(live.id.key, live.record.principal));
                self.intent.remove_cookie = true;
            }
            Stored::Nothing => self.intent.remove_cookie = true,
            // Another request may have set a newer cookie, so this one is not removed.
            Stored::Gone => {
                self.intent.changed_gone = true;
                self.stored = Stored::Gone;
            }
        }
        self.reset_values()
    }

    /// Resets all values to their defaults.
    #[must_use]
    pub(super) fn reset_values(&mut self) -> Discarded {
        self.values.iter_mut().map(|values| values.reset()).collect()
    }

    /// Resets all values to the stored fields, without changes.
    #[must_use]
    pub(super) fn revert_values(&mut self, clock: &dyn Clock) -> Discarded {
        let mut discarded = self.reset_values();
        discarded.extend(self.rebase_values(clock));
        discarded
    }

    /// [Reverts](Self::revert_values) the values. If that drops changes, the next commit reports it.
    #[must_use]
    pub(super) fn drop_changes(&mut self, clock: &dyn Clock) -> Discarded {
        self.dropped_changes |= self.has_changes();
        self.revert_values(clock)
    }

    /// Makes all values show the stored fields, with this request's changes on top.
    #[must_use]
    pub(super) fn rebase_values(&mut self, clock: &dyn Clock) -> Discarded {
        let fields = self.fields();
        let stored = Snapshot::to_read(&fields, clock);
        self.values.iter_mut().map(|values| values.rebase(&stored)).collect()
    }
}
