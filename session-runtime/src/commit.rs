//! Saving what one request did: from pending changes to one call of the store.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::clock::Timestamp;
use crate::core::{Core, OnGone};
use crate::error::{SessionError, SessionErrorKind, StoreError};
use crate::event::{Events, SessionEvent};
use crate::id::{SessionId, StoreKey};
use crate::observe::{self, Save};
use crate::patch::{Applied, ExpiryOp, Patch, PrincipalOp};
use crate::plan::{Plan, Wishes, is_touch_due};
use crate::queue::Contention;
use crate::record::{Fields, Record};
use crate::state::{
    AnySave, Doomed, LiveSession, PendingCookie, Resolved, State, StateCell, Stored, Unsettled,
};
use crate::store::{Created, Updated};
use crate::ttl::Snapshot;

/// A store that has seen this many fresh random ids before is broken.
const MAX_FRESH_IDS: usize = 3;

/// Saves everything that is pending; callers take turns.
pub(crate) struct Commit<'a> {
    pub(crate) core: &'a Core,
    pub(crate) cell: &'a StateCell,
    /// Changes of other fields than the principal are dropped.
    pub(crate) principal_only: bool,
    /// Somebody may look at the session afterwards: it must show the outcome.
    pub(crate) observed: bool,
}

impl Commit<'_> {
    /// Leaves in `events` what is to be told when nothing is locked.
    pub(crate) async fn run(&self, events: &mut Events<'_>) -> Result<(), SessionError> {
        let mut work = Work::new(self);
        loop {
            match work.begin(self.principal_only).map_err(|error| self.fail(error))? {
                Begun::Nothing => return Ok(()),
                Begun::Interrupted => return Err(SessionErrorKind::Interrupted.into()),
                Begun::Deletions => {
                    delete_doomed(self.core, self.cell, events).await?;
                    work.now = self.core.now();
                }
                Begun::Changes => break,
            }
        }
        let outcome = work.run().await;
        events.extend(work.event);
        outcome.map_err(|error| self.fail(error))
    }

    fn fail(&self, error: SessionError) -> SessionError {
        if !error.is_store() {
            // Nothing was written, and what could not be saved is told: the request goes on with
            // what is stored.
            let _garbage = {
                let mut state = self.cell.lock();
                state.unsettled = None;
                state.revert_views(&*self.core.clock)
            };
        }
        error
    }
}

/// Deletes destroyed sessions. A key leaves the list when it is dead, so a failure can be repeated.
async fn delete_doomed(
    core: &Core,
    cell: &StateCell,
    events: &mut Events<'_>,
) -> Result<(), SessionError> {
    loop {
        let Some(doomed) = cell.lock().wish.doomed.last().cloned() else { break };
        match core.keeper.delete(doomed.key()).await {
            // The visitor's cookie is all there is of it, and that is removed.
            Err(error) if error.is_unsupported() && core.keeper.is_cookie() => {}
            deleted => deleted?,
        }
        cell.lock().wish.doomed.retain(|other| other.key() != doomed.key());
        if let Doomed::Session(id, principal) = doomed {
            observe::ended("destroy", 1);
            let event = || SessionEvent::Destroyed { id, principal, at: core.now() };
            events.extend(core.hooks.prepare(event));
        }
    }
    let mut state = cell.lock();
    if std::mem::take(&mut state.wish.remove_cookie) && !state.responded {
        state.cookie = PendingCookie::Remove;
    }
    Ok(())
}

/// What one commit has to do.
struct Work<'a> {
    core: &'a Core,
    cell: &'a StateCell,
    observed: bool,
    now: Timestamp,
    /// What the store held when it began.
    base: Stored,
    saves: SmallVec<[Box<dyn AnySave>; 1]>,
    wishes: Wishes,
    destroy_gone: bool,
    /// The generation of the state it was taken from.
    generation: u64,
    /// What has come of it.
    event: Option<SessionEvent>,
}

/// What there is to do.
enum Begun {
    Nothing,
    /// Destroyed sessions are to be deleted first.
    Deletions,
    /// What an earlier commit did is unknown.
    Interrupted,
    Changes,
}

impl<'a> Work<'a> {
    /// Nothing to do yet.
    fn new(commit: &Commit<'a>) -> Self {
        let Commit { core, cell, observed, .. } = *commit;
        Self {
            core,
            cell,
            observed,
            now: core.now(),
            base: Stored::Nothing,
            saves: SmallVec::new(),
            wishes: Wishes::default(),
            destroy_gone: false,
            generation: 0,
            event: None,
        }
    }

    /// Takes the pending work out of the state.
    fn begin(&mut self, principal_only: bool) -> Result<Begun, SessionError> {
        let mut state = self.cell.lock();
        let state = &mut *state;
        if state.wish.has_deletions() {
            return Ok(Begun::Deletions);
        }
        if state.unsettled.is_some() {
            return Ok(Begun::Interrupted);
        }
        if !state.is_pending() && !is_touch_due(self.core, state, self.now) {
            return Ok(Begun::Nothing);
        }
        for view in state.views.iter_mut().filter(|view| view.has_changes()) {
            // On an error they are dropped after the lock, for they hold closures of the application.
            self.saves.push(view.begin_save(principal_only)?);
        }
        state.unsettled = Some(Unsettled::default());
        self.base = state.stored.clone();
        self.generation = state.generation;
        self.destroy_gone = std::mem::take(&mut state.wish.destroy_gone);
        self.wishes = Wishes {
            renew: std::mem::take(&mut state.wish.renew),
            remember: state.wish.remember.take(),
        };
        Ok(Begun::Changes)
    }

    async fn run(&mut self) -> Result<(), SessionError> {
        match &self.base {
            Stored::Nothing => self.create(false).await,
            Stored::Live(_) => self.save().await,
            Stored::Gone => self.save_gone().await,
        }
    }

    /// The session was gone before this request began.
    async fn save_gone(&mut self) -> Result<(), SessionError> {
        if resolve(&mut self.saves, &Fields::default(), self.now)?.signs_in() {
            return Box::pin(self.create(true)).await;
        }
        self.overtaken()
    }

    /// Updates or renames the live session, again and again while others change the same fields.
    async fn save(&mut self) -> Result<(), SessionError> {
        let core = self.core;
        let mut contention = None;
        let mut issued: Option<SessionId> = None;
        let mut conflicts = 0;
        loop {
            let Stored::Live(live) = &mut self.base else {
                unreachable!("a live session is saved once")
            };
            let resolved = resolve(&mut self.saves, &live.record.fields, self.now)?;
            let Some(plan) = Plan::new(core, &live.record, resolved, &self.wishes, self.now) else {
                self.settle_base(None, true);
                return Ok(());
            };
            if contention.is_none() && plan.can_conflict() {
                contention = Some(Box::pin(contend(core, live.id.key)).await?);
            }
            if plan.sets_cookie && self.cell.lock().responded {
                return Err(SessionErrorKind::ResponseSent.into());
            }
            if plan.renames && issued.is_none() {
                issued = Some(core.keeper.issue()?);
            }
            let to = issued.filter(|_| plan.renames);
            let (mut cookie, mut foreseen) = (None, Applied::Applied);
            if plan.sets_cookie {
                let mut saved = live.clone();
                saved.id = to.unwrap_or(live.id);
                foreseen = plan.patch.apply(&mut saved.record);
                if core.keeper.is_cookie()
                    && !plan.is_worth_a_cookie(core, &live.record, &saved.record, self.now)
                {
                    self.settle_base(None, plan.replayed);
                    return Ok(());
                }
                cookie = Some(core.cookie_value(&saved)?);
            }
            if let Some(to) = to {
                mark_new_key(self.cell, to.key);
            }
            match core.keeper.save(live, to.map(|to| to.key), &plan.patch, foreseen).await? {
                Updated::Applied => {
                    observe::saved(plan.kind(), plan.patch.fields.len(), conflicts);
                    let before = live.id.key;
                    live.id = to.unwrap_or(live.id);
                    if self.observed || core.keeper.is_cookie() {
                        // Where it is refused, the store holds something newer than this request knows.
                        let _ = plan.patch.apply(&mut live.record);
                    } else {
                        plan.patch.apply_to_rest(&mut live.record);
                    }
                    let event = match plan.renames {
                        true => core.hooks.prepare(|| renewed(before, live, self.now)),
                        false => None,
                    };
                    let rebase = self.observed && (conflicts > 0 || plan.replayed);
                    let is_settled = self.settle_base(cookie, rebase);
                    self.event = event.filter(|_| is_settled);
                    return Ok(());
                }
                Updated::Conflict(current) => {
                    observe::conflicted();
                    live.record = current;
                    conflicts += 1;
                    let contention = match &contention {
                        Some(contention) => contention,
                        None => contention.insert(Box::pin(contend(core, live.id.key)).await?),
                    };
                    Box::pin(contention.back_off(conflicts)).await?;
                    self.now = core.now();
                }
                Updated::Mismatch(key) => return Err(counter_mismatch(key)),
                Updated::Gone if plan.signs_in => return Box::pin(self.create(true)).await,
                Updated::Gone => return self.overtaken(),
            }
        }
    }

    /// Creates a session, if there is anything to store.
    async fn create(&mut self, instead_of_gone: bool) -> Result<(), SessionError> {
        let now = self.now;
        let timeouts = self.core.expiry.wished(self.wishes.remember.unwrap_or(false));
        let deadline = now + timeouts.absolute;
        let mut record = Record {
            fields: Fields::default(),
            created_at: now,
            expires_at: (now + timeouts.idle).min(deadline),
            deadline,
            lifetime: timeouts.lifetime(),
            principal: None,
        };
        let resolved = resolve(&mut self.saves, &record.fields, now)?;
        let principal = match resolved.principal {
            Some(Some(principal)) => PrincipalOp::Set(principal),
            Some(None) | None => PrincipalOp::Keep,
        };
        let patch = Patch { fields: resolved.ops, principal, expiry: ExpiryOp::Keep };
        if patch.apply(&mut record) != Applied::Applied {
            unreachable!("operations that were resolved on no fields apply to no fields");
        }
        if record.fields.is_empty() {
            self.settle(|state| state.wish.remember = self.wishes.remember);
            return Ok(());
        }
        if self.cell.lock().responded {
            return Err(SessionErrorKind::ResponseSent.into());
        }
        for _ in 0..MAX_FRESH_IDS {
            let live = LiveSession { id: self.core.keeper.issue()?, record };
            let cookie = self.core.cookie_value(&live)?;
            mark_new_key(self.cell, live.id.key);
            if self.core.keeper.create(&live.id.key, &live.record).await? == Created::Created {
                observe::saved(Save::Create, live.record.fields.len(), 0);
                let event = self.core.hooks.prepare(|| created(&live, now));
                self.base = Stored::Live(live);
                let is_settled = self.settle_base(Some(cookie), instead_of_gone);
                // One that was destroyed meanwhile never was.
                self.event = event.filter(|_| is_settled);
                return Ok(());
            }
            record = live.record;
        }
        let error = StoreError::backend("every fresh random id is said to exist already");
        observe::store_failed("create", &error);
        Err(error.into())
    }

    /// The session was ended or renewed by another request.
    fn overtaken(&mut self) -> Result<(), SessionError> {
        self.settle(|state| state.stored = Stored::Gone);
        let _garbage = self.cell.lock().reset_views();
        let dropped_work = !self.saves.is_empty() || self.destroy_gone;
        if dropped_work && self.core.on_gone == OnGone::Conflict {
            return Err(SessionErrorKind::Gone.into());
        }
        Ok(())
    }

    /// The session is as the base says now, and the visitor gets `cookie`.
    fn settle_base(&mut self, cookie: Option<String>, rebase: bool) -> bool {
        let (base, clock) = (std::mem::take(&mut self.base), &*self.core.clock);
        self.settle(|state| {
            state.stored = base;
            if let Some(value) = cookie {
                state.cookie = PendingCookie::Set(value);
            }
            if rebase {
                state.rebase_views(clock);
            }
        })
    }

    /// The outcome is known. A session that was destroyed meanwhile stays so, and the answer is no.
    fn settle(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.cell.lock();
        let is_ours = state.generation == self.generation;
        if is_ours {
            state.unsettled = None;
            change(&mut state);
        }
        is_ours
    }
}

/// The operations that make all changes on a record that holds `base`.
fn resolve(
    saves: &mut [Box<dyn AnySave>],
    base: &Fields,
    now: Timestamp,
) -> Result<Resolved, SessionError> {
    let mut resolved = Resolved::default();
    let base = Snapshot::new(base, now);
    for save in saves {
        save.resolve(&base, &mut resolved)?;
    }
    Ok(resolved)
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

fn created(live: &LiveSession, at: Timestamp) -> SessionEvent {
    SessionEvent::Created { id: live.id.key, principal: live.record.principal.clone(), at }
}

fn renewed(from: StoreKey, live: &LiveSession, at: Timestamp) -> SessionEvent {
    let principal = live.record.principal.clone();
    SessionEvent::Renewed { from, to: live.id.key, principal, at }
}

async fn contend(core: &Core, key: StoreKey) -> Result<Contention, SessionError> {
    Contention::enter(&core.queues, key, core.conflict_deadline).await
}

fn counter_mismatch(key: Arc<str>) -> SessionError {
    SessionErrorKind::Mismatch {
        key,
        expected: "an integer",
        reason: "the stored text is no integer of up to 64 bits".to_owned(),
    }
    .into()
}
