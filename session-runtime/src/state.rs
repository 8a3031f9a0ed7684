//! What is known of one request's session at a moment: the single locked cell behind every handle.

use std::any::Any;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::clock::Clock;
use crate::cookie::CookieValue;
use crate::error::SessionError;
use crate::id::{SessionId, StoreKey};
use crate::patch::FieldOp;
use crate::record::{Fields, Principal, Record};
use crate::ttl::Snapshot;

/// The cell that all handles of one request share. Part of the request from the beginning: to put it
/// there when it is needed would be to move it.
pub(crate) struct StateCell {
    loaded: AtomicBool,
    state: Mutex<State>,
}

impl StateCell {
    pub(crate) fn new() -> Self {
        let state = State {
            stored: Stored::Nothing,
            views: SmallVec::new(),
            wish: Wish::default(),
            cookie: PendingCookie::Nothing,
            unsettled: None,
            responded: false,
            dropped_changes: false,
            generation: 0,
        };
        Self { loaded: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// The store was asked, and this is what it holds, with the first view of it.
    pub(crate) fn load(&self, stored: Stored, view: Option<Box<dyn AnyView>>) {
        let mut state = self.lock();
        state.stored = stored;
        if let Some(view) = view {
            state.views.push(view);
        }
        self.loaded.store(true, Ordering::Release);
    }

    /// The cell, if somebody has asked for the session.
    pub(crate) fn loaded(&self) -> Option<&Self> {
        self.loaded.load(Ordering::Acquire).then_some(self)
    }

    /// Locks the state; never across an await or while a closure of the application runs.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only come from what a field's type does itself, such as `Clone` or
        // `Serialize`; it leaves values that are less new, and nothing that is half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for whoever has the cell alone.
    pub(crate) fn get_mut(&mut self) -> &mut State {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What holds the cell: the request, which its views keep alive.
pub(crate) trait HasState: Send + Sync {
    fn state(&self) -> &StateCell;

    /// Says which of its fields are over: a request may outlast them.
    fn clock(&self) -> &dyn Clock;
}

/// The session of one request.
pub(crate) struct State {
    /// What the store holds, as far as this request knows.
    pub(crate) stored: Stored,
    /// The typed views of it, one a schema.
    pub(crate) views: Views,
    /// What the handler asked for beside changes of fields.
    pub(crate) wish: Wish,
    /// What the response has to tell the browser.
    pub(crate) cookie: PendingCookie,
    /// Set while a commit is under way. It stays if that was cancelled or the store failed: what
    /// it did is unknown then.
    pub(crate) unsettled: Option<Unsettled>,
    /// The head of the response is gone: no cookie can be sent any more.
    pub(crate) responded: bool,
    /// What was changed was dropped with somebody else's commit, or with a request that ended without a response:
    /// whoever commits next must not be told that it was saved.
    pub(crate) dropped_changes: bool,
    /// Moves when the session is destroyed, so that a commit under way does not bring it back.
    pub(crate) generation: u64,
}

/// What the store holds.
#[derive(Clone, Default)]
pub(crate) enum Stored {
    /// No session.
    #[default]
    Nothing,
    /// A live session.
    Live(LiveSession),
    /// A session that was deleted or renewed elsewhere.
    Gone,
}

impl Stored {
    pub(crate) fn live(&self) -> Option<&LiveSession> {
        match self {
            Self::Live(live) => Some(live),
            Self::Nothing | Self::Gone => None,
        }
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.live().map(|live| &live.record)
    }

    /// A copy that has the fields, which this one has no more.
    pub(crate) fn hand_over(&mut self) -> Self {
        let Self::Live(live) = self else { return self.clone() };
        let fields = mem::take(&mut live.record.fields);
        let record = Record { fields, ..live.record.clone() };
        Self::Live(LiveSession { id: live.id, record })
    }
}

/// A live session.
#[derive(Clone)]
pub(crate) struct LiveSession {
    pub(crate) id: SessionId,
    pub(crate) record: Record,
}

/// What the handler asked for, until the next commit.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) renew: bool,
    pub(crate) remember: Option<bool>,
    pub(crate) touch: bool,
    /// Records to delete.
    pub(crate) doomed: Vec<Doomed>,
    /// The browser is to forget the cookie once they are deleted.
    pub(crate) remove_cookie: bool,
    /// A session that was gone already was destroyed, or changed before that was known.
    pub(crate) asked_of_gone: bool,
}

impl Wish {
    /// Whether nothing would be lost without a commit.
    pub(crate) fn is_empty(&self) -> bool {
        !self.renew
            && self.remember.is_none()
            && self.doomed.is_empty()
            && !self.remove_cookie
            && !self.asked_of_gone
    }

    /// Whether there are sessions to delete, or a cookie to remove when they are.
    pub(crate) fn has_deletions(&self) -> bool {
        !self.doomed.is_empty() || self.remove_cookie
    }
}

/// A record to delete.
#[derive(Clone)]
pub(crate) enum Doomed {
    /// That of the session, and who was signed in.
    Session(StoreKey, Option<Principal>),
    /// A commit whose outcome is unknown may have put the session there.
    Stray(StoreKey),
}

impl Doomed {
    pub(crate) fn key(&self) -> &StoreKey {
        match self {
            Self::Session(key, _) | Self::Stray(key) => key,
        }
    }
}

/// A commit whose outcome is not known.
#[derive(Default)]
pub(crate) struct Unsettled {
    /// Where it may have put the session.
    pub(crate) new_key: Option<StoreKey>,
}

/// What the response has to tell the browser.
#[derive(Default)]
pub(crate) enum PendingCookie {
    #[default]
    Nothing,
    /// It gets this value.
    Set(CookieValue),
    Remove,
}

/// Values and closures of the application, to be dropped after the lock is released.
pub(crate) type Garbage = Vec<Box<dyn Any + Send>>;

impl State {
    /// The fields that are stored, as far as this request knows.
    pub(crate) fn fields(&self) -> Fields {
        self.record().map(|record| record.fields.clone()).unwrap_or_default()
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.stored.record()
    }

    pub(crate) fn live(&self) -> Option<&LiveSession> {
        self.stored.live()
    }

    pub(crate) fn has_changes(&self) -> bool {
        self.views.iter().any(|view| view.has_changes())
    }

    /// Whether there is work for a commit, a touch that is due aside.
    pub(crate) fn is_pending(&self) -> bool {
        self.has_unsaved() || self.wish.touch
    }

    /// Whether something would be lost without a commit. To have been used is no loss.
    pub(crate) fn has_unsaved(&self) -> bool {
        self.has_changes() || !self.wish.is_empty()
    }

    /// Drops all pending work; the session is deleted by the next commit.
    #[must_use]
    pub(crate) fn destroy(&mut self) -> Garbage {
        self.generation += 1;
        self.dropped_changes = false;
        let in_flight = self.unsettled.take().and_then(|unsettled| unsettled.new_key);
        let wish = mem::take(&mut self.wish);
        self.wish.doomed = wish.doomed;
        self.wish.doomed.extend(in_flight.map(Doomed::Stray));
        match mem::take(&mut self.stored) {
            Stored::Live(live) => {
                self.wish.doomed.push(Doomed::Session(live.id.key, live.record.principal));
                self.wish.remove_cookie = true;
            }
            Stored::Nothing => self.wish.remove_cookie = true,
            // Its cookie may have been replaced by another request's: it stays.
            Stored::Gone => {
                self.wish.asked_of_gone = true;
                self.stored = Stored::Gone;
            }
        }
        self.reset_views()
    }

    /// Puts every view back to its defaults.
    #[must_use]
    pub(crate) fn reset_views(&mut self) -> Garbage {
        self.views.iter_mut().map(|view| view.reset()).collect()
    }

    /// Puts every view back to what is stored, without changes.
    #[must_use]
    pub(crate) fn revert_views(&mut self, clock: &dyn Clock) -> Garbage {
        let mut garbage = self.reset_views();
        garbage.extend(self.rebase_views(clock));
        garbage
    }

    /// As [`revert_views`](Self::revert_views); whoever made the changes is told by the next commit.
    #[must_use]
    pub(crate) fn drop_changes(&mut self, clock: &dyn Clock) -> Garbage {
        self.dropped_changes |= self.has_changes();
        self.revert_views(clock)
    }

    /// Makes the views follow the stored fields.
    #[must_use]
    pub(crate) fn rebase_views(&mut self, clock: &dyn Clock) -> Garbage {
        let fields = self.fields();
        let stored = Snapshot::to_read(&fields, clock);
        self.views.iter_mut().map(|view| view.rebase(&stored)).collect()
    }
}

/// Nearly always one, or none.
pub(crate) type Views = SmallVec<[Box<dyn AnyView>; 1]>;

/// The view of one schema, its type forgotten.
pub(crate) trait AnyView: Any + Send {
    fn has_changes(&self) -> bool;

    /// Writes the texts of what was decided or rewritten: the saving begins.
    fn encode(&mut self) -> Result<(), SessionError>;

    /// The changes, where they are.
    fn changes(&mut self) -> &mut dyn AnyChanges;

    /// The changes, to be saved while this view is looked at.
    fn take_changes(&mut self) -> Box<dyn AnyChanges>;

    /// The stored fields became `stored` while a commit replayed changes: what this view shows of
    /// them follows. Returns what it showed.
    #[must_use]
    fn rebase(&mut self, stored: &Snapshot<'_>) -> Box<dyn Any + Send>;

    /// Back to defaults without changes; returns what it held.
    fn reset(&mut self) -> Box<dyn Any + Send>;
}

/// The changes of one schema, its type forgotten.
pub(crate) trait AnyChanges: Send {
    /// The operations that make the changes on a record that holds `base`, or of them those of the principal alone. The
    /// first call uses the values that the request saw, later ones replay its closures on `base`.
    fn resolve(
        &mut self,
        base: &Snapshot<'_>,
        principal_only: bool,
        out: &mut Resolved,
    ) -> Result<(), SessionError>;
}

/// The operations of a commit.
#[derive(Default)]
pub(crate) struct Resolved {
    pub(crate) ops: Vec<(SmolStr, FieldOp)>,
    /// Set when the principal field was written.
    pub(crate) principal: Option<Option<Principal>>,
    /// Closures were run again, so the views do not show the outcome yet.
    pub(crate) replayed: bool,
}

impl Resolved {
    pub(crate) fn push(&mut self, key: SmolStr, op: FieldOp) {
        self.ops.push((key, op));
    }

    pub(crate) fn replace(&mut self, key: SmolStr, old: Option<&SmolStr>, new: Option<SmolStr>) {
        self.push(key, FieldOp::Replace { old: old.cloned(), new });
    }

    /// Whether somebody is signed in by this commit.
    pub(crate) fn signs_in(&self) -> bool {
        matches!(self.principal, Some(Some(_)))
    }
}
