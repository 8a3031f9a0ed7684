//! Creating a session.

use super::{Work, live, mark_new_key};
use crate::clock::Timestamp;
use crate::error::{SessionError, SessionErrorKind, StoreError};
use crate::event::SessionEvent;
use crate::observe::{self, Save};
use crate::patch::{Applied, ExpiryOp, Patch, PrincipalOp};
use crate::record::{Fields, Record};
use crate::state::{Garbage, LiveSession, Stored};
use crate::store::Created;

/// A store that has seen this many fresh random ids before is broken.
const MAX_FRESH_IDS: usize = 3;

impl Work<'_> {
    /// Creates a session, if there is anything to store.
    pub(super) async fn create(&mut self, instead_of_gone: bool) -> Result<(), SessionError> {
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
        let resolved = self.saves.resolve(self.principal_only, &record.fields, now)?;
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
}

fn created(live: &LiveSession, at: Timestamp) -> SessionEvent {
    SessionEvent::Created { id: live.id.key, principal: live.record.principal.clone(), at }
}
