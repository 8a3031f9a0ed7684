//! Updating a session that is stored.

use std::mem;

use super::make_patch::Plan;
use super::queue::Contention;
use super::renew_id::renewed;
use super::running::{Outcome, RunningCommit, live};
use crate::backend::stored::CookieValue;
use crate::error::{SessionError, SessionErrorKind};
use crate::id::{SessionId, StoreKey};
use crate::patch::Applied;
use crate::record::{Fields, SharedStr};
use crate::request::config::Config;
use crate::store::Updated;
use crate::telemetry::{self, SaveKind};

impl RunningCommit<'_> {
    /// Updates or renames the live session. Tries again while other requests change the same
    /// fields.
    pub(super) async fn update(&mut self) -> Result<Outcome, SessionError> {
        let (config, needs_fields) = (self.config, self.needs_fields());
        let (mut contention, mut issued, mut conflicts) = (None, None, 0);
        loop {
            let live = live(&mut self.base);
            let resolved =
                self.changes.resolve(self.principal_only, &live.record.fields, self.now)?;
            let Some(plan) = Plan::new(config, &live.record, resolved, &self.intent, self.now)
            else {
                self.settle_base(None, true);
                return Ok(Outcome::Settled);
            };
            if contention.is_none() && plan.can_conflict() {
                contention = Some(contend(config, live.id.key).await?);
            }
            if plan.sets_cookie && self.cell.lock().responded {
                if matches!(plan.kind(), SaveKind::Touch) && !self.intent.touch {
                    self.settle_base(None, plan.replayed);
                    return Ok(Outcome::Settled);
                }
                return Err(SessionErrorKind::ResponseSent.into());
            }
            if plan.renames && issued.is_none() {
                issued = Some(config.backend.issue()?);
            }
            let to = issued.filter(|_| plan.renames);
            let (mut cookie, mut foreseen) = (None, Applied::Applied);
            if plan.sets_cookie {
                let mut saved = live.clone();
                saved.id = to.unwrap_or(live.id);
                foreseen = plan.patch.apply(&mut saved.record);
                if config.backend.is_cookie()
                    && !plan.is_worth_a_cookie(&live.record, &saved.record)
                {
                    self.settle_base(None, plan.replayed);
                    return Ok(Outcome::Settled);
                }
                cookie = Some(config.cookie_value(&saved)?);
            }
            if let Some(to) = to {
                self.cell.mark_new_key(to.key);
            }
            let key = live.id.key;
            if !needs_fields {
                // The memory store can then change its own copy in place.
                live.record.fields = Fields::default();
            }
            let updated =
                config.backend.save(live, to.map(|to| to.key), &plan.patch, &foreseen).await?;
            if let Some(saved) = self.judge(updated, &plan, issued, cookie, conflicts)? {
                return Ok(saved);
            }
            conflicts += 1;
            let contention = match &contention {
                Some(contention) => contention,
                None => contention.insert(contend(config, key).await?),
            };
            Box::pin(contention.back_off(conflicts)).await?;
            self.now = config.now();
        }
    }

    /// Whether the fields are used after they are saved.
    fn needs_fields(&self) -> bool {
        self.observed || self.config.backend.is_cookie()
    }

    /// What the store's answer to a plan means. `None` if a new plan is needed.
    fn judge(
        &mut self,
        updated: Updated,
        plan: &Plan,
        issued: Option<SessionId>,
        cookie: Option<CookieValue>,
        conflicts: u32,
    ) -> Result<Option<Outcome>, SessionError> {
        let (config, needs_fields) = (self.config, self.needs_fields());
        let live = live(&mut self.base);
        match updated {
            Updated::Applied => {}
            Updated::Conflict(current) => {
                telemetry::conflicted();
                live.record = current;
                return Ok(None);
            }
            Updated::Mismatch(key) => return Err(counter_mismatch(key)),
            Updated::Gone => {
                let drops_changes = !plan.patch.fields.is_empty();
                return Ok(Some(Outcome::Gone { signs_in: plan.patch.signs_in(), drops_changes }));
            }
        }
        telemetry::saved(plan.kind(), plan.patch.fields.len(), conflicts);
        match needs_fields {
            // It does not apply if the store's record is newer than this one.
            true => drop(plan.patch.apply(&mut live.record)),
            false => plan.patch.apply_to_rest(&mut live.record),
        }
        let mut event = None;
        if let Some(id) = issued.filter(|_| plan.renames) {
            let from = mem::replace(&mut live.id, id).key;
            event = config.hooks.prepare(|| renewed(from, live, self.now));
        }
        let rebase = self.observed && (conflicts > 0 || plan.replayed || self.principal_only);
        if self.settle_base(cookie, rebase) {
            self.event = event.map(Box::new);
        }
        Ok(Some(Outcome::Settled))
    }
}

/// Boxed, because it is rare and every future of a request would have room for it.
async fn contend(config: &Config, key: StoreKey) -> Result<Box<Contention>, SessionError> {
    let entered = Contention::enter(&config.queues, key, config.conflict_deadline);
    Ok(Box::new(Box::pin(entered).await?))
}

fn counter_mismatch(key: SharedStr) -> SessionError {
    SessionErrorKind::Mismatch {
        key,
        expected: "an integer",
        reason: "the stored text is no integer of up to 64 bits".to_owned(),
    }
    .into()
}
