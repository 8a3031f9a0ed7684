//! One commit's work: from what was taken out of the state to one call of the store.

mod create;
mod save;

use smallvec::SmallVec;

use self::save::Saved;
use crate::clock::Timestamp;
use crate::cookie::CookieValue;
use crate::core::{Core, OnGone};
use crate::error::{SessionError, SessionErrorKind};
use crate::event::SessionEvent;
use crate::id::StoreKey;
use crate::plan::{Wishes, is_touch_due};
use crate::record::Fields;
use crate::state::{
    AnyChanges, Doomed, Garbage, LiveSession, PendingCookie, Resolved, State, StateCell, Stored,
    Unsettled, Views,
};
use crate::ttl::Snapshot;

/// What one commit has to do.
pub(crate) struct Work<'a> {
    core: &'a Core,
    cell: &'a StateCell,
    observed: bool,
    principal_only: bool,
    now: Timestamp,
    /// What the store holds, as far as is known.
    base: Stored,
    /// What the request changed.
    saves: Saves,
    wishes: Wishes,
    asked_of_gone: bool,
    /// The generation of the state it was taken from.
    generation: u64,
    /// What is to be told of what was done. Boxed, for few listen.
    pub(crate) event: Option<Box<SessionEvent>>,
}

/// What the request changed: in views that nobody looks at any more, or taken out of those that are left.
#[derive(Default)]
struct Saves {
    views: Views,
    changes: SmallVec<[Box<dyn AnyChanges>; 1]>,
}

/// What there is to do.
pub(crate) enum Begun {
    Nothing,
    /// Destroyed sessions are to be deleted first.
    Deletions,
    /// What an earlier commit did is unknown, or changes went with the request.
    Interrupted,
    Changes,
}

impl<'a> Work<'a> {
    /// Nothing to do yet.
    pub(crate) fn new(
        core: &'a Core,
        cell: &'a StateCell,
        observed: bool,
        principal_only: bool,
    ) -> Self {
        Self {
            core,
            cell,
            observed,
            principal_only,
            now: Timestamp::from_millis(0),
            base: Stored::Nothing,
            saves: Saves::default(),
            wishes: Wishes::default(),
            asked_of_gone: false,
            generation: 0,
            event: None,
        }
    }

    /// Takes the pending work out of the state.
    pub(crate) fn begin(&mut self) -> Result<Begun, SessionError> {
        self.now = self.core.now();
        // Dropped after the lock.
        let _garbage: Garbage;
        let mut state = self.cell.lock();
        let state = &mut *state;
        if state.wish.has_deletions() {
            return Ok(Begun::Deletions);
        }
        if state.unsettled.is_some() || std::mem::take(&mut state.dropped_changes) {
            return Ok(Begun::Interrupted);
        }
        if !state.is_pending() && !is_touch_due(self.core, state, || self.now) {
            return Ok(Begun::Nothing);
        }
        self.generation = state.generation;
        if let Err(error) = state.views.iter_mut().try_for_each(|view| view.encode()) {
            // The request goes on with what is stored.
            _garbage = state.revert_views(&*self.core.clock);
            return Err(error);
        }
        state.unsettled = Some(Unsettled::default());
        if self.observed {
            self.base = state.stored.clone();
            let changed = state.views.iter_mut().filter(|view| view.has_changes());
            self.saves.changes = changed.map(|view| view.take_changes()).collect();
        } else {
            self.base = state.stored.hand_over();
            self.saves.views = std::mem::take(&mut state.views);
        }
        self.asked_of_gone = std::mem::take(&mut state.wish.asked_of_gone);
        self.wishes = Wishes {
            renew: std::mem::take(&mut state.wish.renew),
            remember: state.wish.remember.take(),
            touch: std::mem::take(&mut state.wish.touch),
        };
        Ok(Begun::Changes)
    }

    /// Nothing was written, and what could not be saved is told: the request goes on with what is stored,
    /// unless it has destroyed that meanwhile.
    pub(crate) fn fail(&mut self, error: SessionError) -> SessionError {
        if !error.is_store() {
            let mut garbage = Garbage::new();
            self.settle(|work, state| garbage = state.drop_changes(&*work.core.clock));
        }
        error
    }

    pub(crate) async fn run(&mut self) -> Result<(), SessionError> {
        let (signs_in, drops_changes) = match &self.base {
            Stored::Nothing => return self.create(false).await,
            Stored::Live(_) => match self.save().await? {
                Saved::Settled => return Ok(()),
                Saved::Gone { signs_in, drops_changes } => (signs_in, drops_changes),
            },
            Stored::Gone => {
                let resolved =
                    self.saves.resolve(self.principal_only, &Fields::default(), self.now)?;
                (resolved.signs_in(), !resolved.ops.is_empty())
            }
        };
        match signs_in {
            true => self.create(true).await,
            false => self.overtaken(drops_changes),
        }
    }

    /// The session was ended or renewed by another request.
    fn overtaken(&mut self, drops_changes: bool) -> Result<(), SessionError> {
        let mut garbage = Garbage::new();
        let is_settled = self.settle(|_, state| {
            state.stored = Stored::Gone;
            // Those of others, made meanwhile.
            state.wish.asked_of_gone |= state.has_changes();
            garbage = state.reset_views();
        });
        let dropped_work = is_settled && (drops_changes || self.asked_of_gone);
        if dropped_work && self.core.on_gone == OnGone::Conflict {
            return Err(SessionErrorKind::Gone.into());
        }
        Ok(())
    }

    /// The session is as the base says now, and the visitor gets `cookie`.
    fn settle_base(&mut self, cookie: Option<CookieValue>, rebase: bool) -> bool {
        let mut garbage = Garbage::new();
        self.settle(|work, state| {
            std::mem::swap(&mut state.stored, &mut work.base);
            if let Some(value) = cookie {
                state.cookie = PendingCookie::Set(value);
            }
            if rebase {
                garbage = state.rebase_views(&*work.core.clock);
            }
        })
    }

    /// The outcome is known. A session that was destroyed meanwhile stays so, and the answer is no.
    fn settle(&mut self, change: impl FnOnce(&mut Self, &mut State)) -> bool {
        let mut state = self.cell.lock();
        let is_ours = state.generation == self.generation;
        if is_ours {
            state.unsettled = None;
            change(self, &mut state);
        }
        is_ours
    }
}

/// The session that is saved or created.
fn live(base: &mut Stored) -> &mut LiveSession {
    match base {
        Stored::Live(live) => live,
        // `run` saves live sessions alone, and what `create` makes is one.
        Stored::Nothing | Stored::Gone => unreachable!("only a live session is saved"),
    }
}

impl Saves {
    /// The operations that make all changes on a record that holds `base`, or of them those of the principal alone.
    fn resolve(
        &mut self,
        principal_only: bool,
        base: &Fields,
        now: Timestamp,
    ) -> Result<Resolved, SessionError> {
        // Room for one field with a lifetime of its own each, instead of for four.
        let ops = Vec::with_capacity(2 * (self.views.len() + self.changes.len()));
        let mut resolved = Resolved { ops, ..Resolved::default() };
        let base = Snapshot::new(base, now);
        for view in &mut self.views {
            view.changes().resolve(&base, principal_only, &mut resolved)?;
        }
        for changes in &mut self.changes {
            changes.resolve(&base, principal_only, &mut resolved)?;
        }
        Ok(resolved)
    }
}

/// From now on the session may be found under `key`, whatever becomes of this commit.
fn mark_new_key(cell: &StateCell, key: StoreKey) {
    let mut state = cell.lock();
    match &mut state.unsettled {
        Some(unsettled) => unsettled.new_key = Some(key),
        // The session was destroyed meanwhile: this key has to go too.
        None => state.wish.doomed.push(Doomed::Stray(key)),
    }
}
