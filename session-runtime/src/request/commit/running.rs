//! One commit under way: from the changes that it took out of the request's state to their outcome
//! there.

use std::mem;

use smallvec::SmallVec;

use super::Commit;
use super::make_patch::is_touch_due;
use crate::backend::stored::{CookieValue, LiveSession, Stored};
use crate::clock::Timestamp;
use crate::error::{SessionError, SessionErrorKind};
use crate::record::Fields;
use crate::request::config::{Config, OnGone};
use crate::request::state::{InFlight, Intent, PendingCookie, State, StateCell};
use crate::schema::any_values::{AllValues, Discarded};
use crate::schema::resolve::{AnyChanges, Resolved};
use crate::schema::snapshot::Snapshot;
use crate::telemetry::SessionEvent;

/// One commit under way.
pub(super) struct RunningCommit<'a> {
    pub(super) config: &'a Config,
    pub(super) cell: &'a StateCell,
    pub(super) observed: bool,
    pub(super) principal_only: bool,
    pub(super) now: Timestamp,
    /// What the backend holds, as far as is known.
    pub(super) base: Stored,
    pub(super) changes: PendingChanges,
    pub(super) intent: Intent,
    /// The generation of the state that it was taken from.
    generation: u64,
    /// What the hooks are told of the outcome. Boxed, because few applications have hooks.
    pub(super) event: Option<Box<SessionEvent>>,
}

/// What a commit has to do.
pub(super) enum Pending {
    Nothing,
    /// The outcome of an earlier commit is unknown, or changes were dropped with the request.
    Interrupted,
    /// Destroyed sessions must be deleted first.
    Deletions,
    /// Changes, which the commit holds now.
    Changes,
}

/// The outcome for a live session.
pub(super) enum Outcome {
    /// It is stored as this request wants it.
    Settled,
    /// Another request ended or renewed it meanwhile.
    Gone { signs_in: bool, drops_changes: bool },
}

impl<'a> RunningCommit<'a> {
    /// A commit that holds nothing yet.
    pub(super) fn new(commit: &Commit<'a>) -> Self {
        let &Commit { config, cell, principal_only, observed } = commit;
        Self {
            config,
            cell,
            observed,
            principal_only,
            now: Timestamp::from_millis(0),
            base: Stored::Nothing,
            changes: PendingChanges::default(),
            intent: Intent::default(),
            generation: 0,
            event: None,
        }
    }

    /// Takes the pending changes out of the state.
    pub(super) fn take_pending(&mut self) -> Result<Pending, SessionError> {
        self.now = self.config.now();
        // Dropped after the lock is released.
        let _discarded: Discarded;
        let mut state = self.cell.lock();
        let state = &mut *state;
        if state.intent.has_deletions() {
            return Ok(Pending::Deletions);
        }
        if state.in_flight.is_some() || mem::take(&mut state.dropped_changes) {
            return Ok(Pending::Interrupted);
        }
        if !state.is_pending() && !is_touch_due(self.config, state, || self.now) {
            return Ok(Pending::Nothing);
        }
        self.generation = state.generation;
        if let Err(error) = state.values.iter_mut().try_for_each(|values| values.encode()) {
            // The request continues with the stored fields.
            _discarded = state.revert_values(&*self.config.clock);
            return Err(error);
        }
        state.in_flight = Some(InFlight::default());
        self.base = match self.observed {
            true => state.stored.clone(),
            false => state.stored.take_fields(),
        };
        self.changes.take(&mut state.values, self.observed);
        self.intent = mem::take(&mut state.intent);
        Ok(Pending::Changes)
    }

    pub(super) async fn run(&mut self) -> Result<(), SessionError> {
        let (signs_in, drops_changes) = match &self.base {
            Stored::Nothing => return self.create(false).await,
            Stored::Live(_) => match self.update().await? {
                Outcome::Settled => return Ok(()),
                Outcome::Gone { signs_in, drops_changes } => (signs_in, drops_changes),
            },
            Stored::Gone => {
                let resolved =
                    self.changes.resolve(self.principal_only, &Fields::default(), self.now)?;
                (resolved.signs_in(), !resolved.ops.is_empty())
            }
        };
        match signs_in {
            true => self.create(true).await,
            false => self.overtaken(drops_changes),
        }
    }

    /// Nothing was written, and the caller reports the error. The request continues with the stored
    /// fields, unless it destroyed the session meanwhile.
    pub(super) fn fail(&mut self, error: SessionError) -> SessionError {
        // After an error of the store the outcome is unknown.
        if !error.is_store() {
            let mut discarded = Discarded::new();
            self.settle(|commit, state| discarded = state.drop_changes(&*commit.config.clock));
        }
        error
    }

    /// Another request ended or renewed the session.
    fn overtaken(&mut self, drops_changes: bool) -> Result<(), SessionError> {
        let mut discarded = Discarded::new();
        let is_settled = self.settle(|_, state| {
            state.stored = Stored::Gone;
            // The request changed it again meanwhile.
            state.intent.changed_gone |= state.has_changes();
            discarded = state.reset_values();
        });
        let dropped_work = is_settled && (drops_changes || self.intent.changed_gone);
        if dropped_work && self.config.on_gone == OnGone::Conflict {
            return Err(SessionErrorKind::Gone.into());
        }
        Ok(())
    }

    /// The session is as the base says now, and the visitor gets `cookie`.
    pub(super) fn settle_base(&mut self, cookie: Option<CookieValue>, rebase: bool) -> bool {
        let mut discarded = Discarded::new();
        self.settle(|commit, state| {
            mem::swap(&mut state.stored, &mut commit.base);
            if let Some(value) = cookie {
                state.cookie = PendingCookie::Set(value);
            }
            if rebase {
                discarded = state.rebase_values(&*commit.config.clock);
            }
        })
    }

    /// Writes the outcome into the state. Answers `false`, and writes nothing, if the request
    /// destroyed the session meanwhile.
    pub(super) fn settle(&mut self, change: impl FnOnce(&mut Self, &mut State)) -> bool {
        let mut state = self.cell.lock();
        let is_ours = state.generation == self.generation;
        if is_ours {
            state.in_flight = None;
            change(self, &mut state);
        }
        is_ours
    }
}

/// The session that is updated or created.
pub(super) fn live(base: &mut Stored) -> &mut LiveSession {
    match base {
        Stored::Live(live) => live,
        // `run` updates only live sessions, and `create` makes one.
        Stored::Nothing | Stored::Gone => unreachable!("only a live session is saved"),
    }
}

/// The changes of a request: in values that nobody uses any more, or taken out of values in use.
#[derive(Default)]
pub(super) struct PendingChanges {
    values: AllValues,
    changes: SmallVec<[Box<dyn AnyChanges>; 1]>,
}

impl PendingChanges {
    fn take(&mut self, values: &mut AllValues, observed: bool) {
        if observed {
            let changed = values.iter_mut().filter(|values| values.has_changes());
            self.changes = changed.map(|values| values.take_changes()).collect();
        } else {
            self.values = mem::take(values);
        }
    }

    /// The operations that make all changes to a record that holds `base`. With `principal_only`,
    /// changes to other fields are left out.
    pub(super) fn resolve(
        &mut self,
        principal_only: bool,
        base: &Fields,
        now: Timestamp,
    ) -> Result<Resolved, SessionError> {
        // Room for one field with its expiry in each schema. The default would be four operations.
        let ops = Vec::with_capacity(2 * (self.values.len() + self.changes.len()));
        let mut resolved = Resolved { ops, ..Resolved::default() };
        let base = Snapshot::new(base, now);
        for values in &mut self.values {
            values.changes().resolve(&base, principal_only, &mut resolved)?;
        }
        for changes in &mut self.changes {
            changes.resolve(&base, principal_only, &mut resolved)?;
        }
        Ok(resolved)
    }
}
