//! Saving a session that is stored already.

use smol_str::SmolStr;

use super::{Work, live, mark_new_key};
use crate::clock::Timestamp;
use crate::cookie::CookieValue;
use crate::core::Core;
use crate::error::{SessionError, SessionErrorKind};
use crate::event::SessionEvent;
use crate::id::{SessionId, StoreKey};
use crate::observe::{self, Save};
use crate::patch::Applied;
use crate::plan::Plan;
use crate::queue::Contention;
use crate::record::Fields;
use crate::state::LiveSession;
use crate::store::Updated;

/// What has become of a live session.
pub(super) enum Saved {
    /// It is as this request wants it.
    Settled,
    /// It was ended or renewed by another request meanwhile.
    Gone { signs_in: bool, drops_changes: bool },
}

impl Work<'_> {
    /// Updates or renames the live session, again and again while others change the same fields.
    pub(super) async fn save(&mut self) -> Result<Saved, SessionError> {
        let (core, needs_fields) = (self.core, self.needs_fields());
        let (mut contention, mut issued, mut conflicts) = (None, None, 0);
        loop {
            let live = live(&mut self.base);
            let resolved =
                self.saves.resolve(self.principal_only, &live.record.fields, self.now)?;
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
