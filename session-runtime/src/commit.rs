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
        let Self { core, cell, .. } = *self;
        let (has_wish, is_unsettled) = {
            let state = cell.lock();
            (!state.wish.is_empty(), state.unsettled.is_some())
        };
        if has_wish {
            delete_doomed(core, cell, events).await?;
        }
        if is_unsettled {
            return Err(SessionErrorKind::Interrupted.into());
        }
        let mut work = match Work::begin(self) {
            Ok(Some(work)) => work,
            Ok(None) => return Ok(()),
            Err(error) => return Err(self.fail(error)),
        };
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
                state.revert_views()
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
    base: Base,
    saves: SmallVec<[Box<dyn AnySave>; 1]>,
    wishes: Wishes,
    destroy_gone: bool,
    /// The generation of the state it was taken from.
    generation: u64,
    /// What has come of it.
    event: Option<SessionEvent>,
}

/// What the store held when the commit began.
enum Base {
    Nothing,
    Live(LiveSession),
    Gone,
}

impl<'a> Work<'a> {
    /// Takes the pending work out of the state; `None` if there is none, not even a touch.
    fn begin(commit: &Commit<'a>) -> Result<Option<Self>, SessionError> {
        let Commit { core, cell, principal_only, observed } = *commit;
        let now = core.now();
        // Dropped after the lock, for it holds closures of the application.
        let mut saves = SmallVec::new();
        let mut state = cell.lock();
        if !state.is_pending() && !is_touch_due(core, &state, now) {
            return Ok(None);
        }
        for view in state.views.iter_mut().filter(|view| view.has_changes()) {
            saves.push(view.begin_save(principal_only)?);
        }
        state.unsettled = Some(Unsettled::default());
        let base = match &state.stored {
            Stored::Nothing => Base::Nothing,
            Stored::Live(live) => Base::Live(live.clone()),
            Stored::Gone => Base::Gone,
        };
        let wish = &mut state.wish;
        Ok(Some(Self {
            core,
            cell,
            observed,
            now,
            base,
            saves,
            wishes: Wishes {
                renew: std::mem::take(&mut wish.renew),
                remember: wish.remember.take(),
            },
            destroy_gone: std::mem::take(&mut wish.destroy_gone),
            generation: state.generation,
            event: None,
        }))
    }

    async fn run(&mut self) -> Result<(), SessionError> {
        match &self.base {
            Base::Nothing => self.create(false).await,
            Base::Live(_) => self.save().await,
            Base::Gone => self.save_gone().await,
        }
    }

    /// The session was gone before this request began.
    async fn save_gone(&mut self) -> Result<(), SessionError> {
        if self.resolve(&Fields::default())?.signs_in() {
            return Box::pin(self.create(true)).await;
        }
        self.overtaken()
    }

    /// Updates or renames the live session, again and again while others change the same fields.
    async fn save(&mut self) -> Result<(), SessionError> {
        let Base::Live(mut live) = std::mem::replace(&mut self.base, Base::Nothing) else {
            unreachable!("a live session is saved once")
        };
        let core = self.core;
        let mut contention = None;
        let mut issued: Option<SessionId> = None;
        let mut conflicts = 0;
        loop {
            let resolved = self.resolve(&live.record.fields)?;
            let Some(plan) = Plan::new(core, &live.record, resolved, &self.wishes, self.now) else {
                self.settle_live(live, None, true);
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
            let mut saved = LiveSession { id: to.unwrap_or(live.id), record: live.record.clone() };
            let foreseen = match self.observed || core.keeper.is_cookie() {
                true => plan.patch.apply(&mut saved.record),
                false => {
                    plan.patch.apply_to_rest(&mut saved.record);
                    Applied::Applied
                }
            };
            if core.keeper.is_cookie()
                && !plan.is_worth_a_cookie(core, &live.record, &saved.record, self.now)
            {
                self.settle_live(live, None, plan.replayed);
                return Ok(());
            }
            let cookie = plan.sets_cookie.then(|| core.cookie_value(&saved)).transpose()?;
            if let Some(to) = to {
                self.mark_new_key(to.key);
            }
            match core.keeper.save(&live, to.map(|to| to.key), &plan.patch, foreseen).await? {
                Updated::Applied => {
                    let rebase = self.observed && (conflicts > 0 || plan.replayed);
                    observe::saved(plan.kind(), plan.patch.fields.len(), conflicts);
                    let event = match plan.renames {
                        true => core.hooks.prepare(|| self.renewed(&live, &saved)),
                        false => None,
                    };
                    let is_settled = self.settle_live(saved, cookie, rebase);
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
        let resolved = self.resolve(&record.fields)?;
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
            self.mark_new_key(live.id.key);
            if self.core.keeper.create(&live.id.key, &live.record).await? == Created::Created {
                observe::saved(Save::Create, live.record.fields.len(), 0);
                let event = self.core.hooks.prepare(|| self.created(&live));
                let is_settled = self.settle_live(live, Some(cookie), instead_of_gone);
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

    fn resolve(&mut self, base: &Fields) -> Result<Resolved, SessionError> {
        let mut resolved = Resolved::default();
        let base = Snapshot::new(base, self.now);
        for save in &mut self.saves {
            save.resolve(&base, &mut resolved)?;
        }
        Ok(resolved)
    }

    /// From now on the session may be found under `key`, whatever becomes of this commit.
    fn mark_new_key(&self, key: StoreKey) {
        let mut state = self.cell.lock();
        match &mut state.unsettled {
            Some(unsettled) => unsettled.new_key = Some(key),
            // The session was destroyed meanwhile: this key has to go too.
            None => state.wish.doomed.push(Doomed::Stray(key)),
        }
    }

    fn settle_live(&self, live: LiveSession, cookie: Option<String>, rebase: bool) -> bool {
        self.settle(|state| {
            state.stored = Stored::Live(live);
            if let Some(value) = cookie {
                state.cookie = PendingCookie::Set(value);
            }
            if rebase {
                state.rebase_views();
            }
        })
    }

    fn created(&self, live: &LiveSession) -> SessionEvent {
        let principal = live.record.principal.clone();
        SessionEvent::Created { id: live.id.key, principal, at: self.now }
    }

    fn renewed(&self, before: &LiveSession, after: &LiveSession) -> SessionEvent {
        let principal = after.record.principal.clone();
        let (from, to) = (before.id.key, after.id.key);
        SessionEvent::Renewed { from, to, principal, at: self.now }
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
