//! One commit's work: from what was taken out of the state to one call of the store.

use smol_str::SmolStr;

use crate::clock::Timestamp;
use crate::cookie::CookieValue;
use crate::core::{Core, OnGone};
use crate::error::{SessionError, SessionErrorKind, StoreError};
use crate::event::SessionEvent;
use crate::id::{SessionId, StoreKey};
use crate::observe::{self, Save};
use crate::patch::{Applied, ExpiryOp, Patch, PrincipalOp};
use crate::plan::{Plan, Wishes, is_touch_due};
use crate::queue::Contention;
use crate::record::{Fields, Record};
use crate::state::{
    Doomed, Garbage, LiveSession, PendingCookie, Resolved, State, StateCell, Stored, Unsettled,
    Views,
};
use crate::store::{Created, Updated};
use crate::ttl::Snapshot;

/// A store that has seen this many fresh random ids before is broken.
const MAX_FRESH_IDS: usize = 3;

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
    saves: Views,
    wishes: Wishes,
    asked_of_gone: bool,
    /// The generation of the state it was taken from.
    generation: u64,
    /// What is to be told of what was done. Boxed, for few listen.
    pub(crate) event: Option<Box<SessionEvent>>,
}

/// What has become of a live session.
enum Saved {
    /// It is as this request wants it.
    Settled,
    /// It was ended or renewed by another request meanwhile.
    Gone { signs_in: bool, drops_changes: bool },
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
            saves: Views::new(),
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
        let mut changed = state.views.iter_mut().filter(|view| view.has_changes());
        if let Err(error) = changed.try_for_each(|view| view.encode()) {
            // The request goes on with what is stored.
            _garbage = state.revert_views(&*self.core.clock);
            return Err(error);
        }
        state.unsettled = Some(Unsettled::default());
        if self.observed {
            self.base = state.stored.clone();
            let changed = state.views.iter_mut().filter(|view| view.has_changes());
            self.saves = changed.map(|view| view.split_changes()).collect();
        } else {
            self.base = state.stored.hand_over();
            self.saves = std::mem::take(&mut state.views);
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
                    resolve(&mut self.saves, self.principal_only, &Fields::default(), self.now)?;
                (resolved.signs_in(), !resolved.ops.is_empty())
            }
        };
        match signs_in {
            true => self.create(true).await,
            false => self.overtaken(drops_changes),
        }
    }

    /// Updates or renames the live session, again and again while others change the same fields.
    async fn save(&mut self) -> Result<Saved, SessionError> {
        let (core, needs_fields) = (self.core, self.needs_fields());
        let (mut contention, mut issued, mut conflicts) = (None, None, 0);
        loop {
            let live = live(&mut self.base);
            let resolved =
                resolve(&mut self.saves, self.principal_only, &live.record.fields, self.now)?;
            let Some(plan) = Plan::new(core, &live.record, resolved, &self.wishes, self.now) else {
                self.settle_base(None, true);
                return Ok(Saved::Settled);
            };
            if contention.is_none() && plan.can_conflict() {
                contention = Some(contend(core, live.id.key).await?);
            }
            if plan.sets_cookie && self.cell.lock().responded {
                if matches!(plan.kind(), Save::Touch) && !self.wishes.touch {
                    self.settle_base(None, plan.replayed);
                    return Ok(Saved::Settled);
                }
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
                if core.keeper.is_cookie() && !plan.is_worth_a_cookie(&live.record, &saved.record) {
                    self.settle_base(None, plan.replayed);
                    return Ok(Saved::Settled);
                }
                cookie = Some(core.cookie_value(&saved)?);
            }
            if let Some(to) = to {
                mark_new_key(self.cell, to.key);
            }
            let key = live.id.key;
            if !needs_fields {
                // A store in memory can change its own without a copy then.
                live.record.fields = Fields::default();
            }
            let updated =
                core.keeper.save(live, to.map(|to| to.key), &plan.patch, &foreseen).await?;
            if let Some(saved) = self.judge(updated, &plan, issued, cookie, conflicts)? {
                return Ok(saved);
            }
            conflicts += 1;
            let contention = match &contention {
                Some(contention) => contention,
                None => contention.insert(contend(core, key).await?),
            };
            Box::pin(contention.back_off(conflicts)).await?;
            self.now = core.now();
        }
    }

    /// Whether anybody reads the fields when they are saved.
    fn needs_fields(&self) -> bool {
        self.observed || self.core.keeper.is_cookie()
    }

    /// What the store's answer to a plan means; `None` if it has to be planned anew.
    fn judge(
        &mut self,
        updated: Updated,
        plan: &Plan,
        issued: Option<SessionId>,
        cookie: Option<CookieValue>,
        conflicts: u32,
    ) -> Result<Option<Saved>, SessionError> {
        let (core, needs_fields) = (self.core, self.needs_fields());
        let live = live(&mut self.base);
        match updated {
            Updated::Applied => {}
            Updated::Conflict(current) => {
                observe::conflicted();
                live.record = current;
                return Ok(None);
            }
            Updated::Mismatch(key) => return Err(counter_mismatch(key)),
            Updated::Gone => {
                let drops_changes = !plan.patch.fields.is_empty();
                return Ok(Some(Saved::Gone { signs_in: plan.signs_in, drops_changes }));
            }
        }
        observe::saved(plan.kind(), plan.patch.fields.len(), conflicts);
        match needs_fields {
            // It does not apply where the store's record is newer than this one.
            true => drop(plan.patch.apply(&mut live.record)),
            false => plan.patch.apply_to_rest(&mut live.record),
        }
        let mut event = None;
        if let Some(id) = issued.filter(|_| plan.renames) {
            let from = std::mem::replace(&mut live.id, id).key;
            event = core.hooks.prepare(|| renewed(from, live, self.now));
        }
        let rebase = self.observed && (conflicts > 0 || plan.replayed || self.principal_only);
        if self.settle_base(cookie, rebase) {
            self.event = event.map(Box::new);
        }
        Ok(Some(Saved::Settled))
    }

    /// Creates a session, if there is anything to store.
    async fn create(&mut self, instead_of_gone: bool) -> Result<(), SessionError> {
        let core = self.core;
        let Some(record) = self.new_record()? else {
            let mut garbage = Garbage::new();
            self.settle(|work, state| {
                state.wish.remember = work.wishes.remember;
                if work.principal_only {
                    garbage = state.rebase_views(&*work.core.clock);
                }
            });
            return Ok(());
        };
        if self.cell.lock().responded {
            return Err(SessionErrorKind::ResponseSent.into());
        }
        self.base = Stored::Live(LiveSession { id: core.keeper.issue()?, record });
        for attempt in 0..MAX_FRESH_IDS {
            let live = live(&mut self.base);
            if attempt > 0 {
                live.id = core.keeper.issue()?;
            }
            let cookie = core.cookie_value(live)?;
            mark_new_key(self.cell, live.id.key);
            if core.keeper.create(&live.id.key, &live.record).await? == Created::Created {
                observe::saved(Save::Create, live.record.fields.len(), 0);
                let event = core.hooks.prepare(|| created(live, self.now));
                // One that was destroyed meanwhile never was.
                if self.settle_base(Some(cookie), instead_of_gone || self.principal_only) {
                    self.event = event.map(Box::new);
                }
                return Ok(());
            }
        }
        let error = StoreError::backend("every fresh random id is said to exist already");
        observe::store_failed("create", &error);
        Err(error.into())
    }

    /// The record of a new session; `None` if there is nothing to store.
    fn new_record(&mut self) -> Result<Option<Record>, SessionError> {
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
        let resolved = resolve(&mut self.saves, self.principal_only, &record.fields, now)?;
        let principal = match resolved.principal {
            Some(Some(principal)) => PrincipalOp::Set(principal),
            Some(None) | None => PrincipalOp::Keep,
        };
        let patch = Patch { fields: resolved.ops, principal, expiry: ExpiryOp::Keep };
        if patch.apply(&mut record) != Applied::Applied {
            unreachable!("operations that were resolved on no fields apply to no fields");
        }
        Ok((!record.fields.is_empty()).then_some(record))
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

/// The operations that make all changes on a record that holds `base`.
fn resolve(
    saves: &mut Views,
    principal_only: bool,
    base: &Fields,
    now: Timestamp,
) -> Result<Resolved, SessionError> {
    // Room for one field with a lifetime of its own each, instead of for four.
    let mut resolved = Resolved { ops: Vec::with_capacity(2 * saves.len()), ..Resolved::default() };
    let base = Snapshot::new(base, now);
    for save in saves {
        save.resolve(&base, principal_only, &mut resolved)?;
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

/// Boxed, like what it answers, for it is rare and futures are moved.
async fn contend(core: &Core, key: StoreKey) -> Result<Box<Contention>, SessionError> {
    let entered = Contention::enter(&core.queues, key, core.conflict_deadline);
    Ok(Box::new(Box::pin(entered).await?))
}

fn counter_mismatch(key: SmolStr) -> SessionError {
    SessionErrorKind::Mismatch {
        key,
        expected: "an integer",
        reason: "the stored text is no integer of up to 64 bits".to_owned(),
    }
    .into()
}
