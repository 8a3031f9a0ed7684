//! Creating a session.

use super::running::{RunningCommit, live};
use crate::backend::stored::{LiveSession, Stored};
use crate::clock::Timestamp;
use crate::error::{SessionError, SessionErrorKind, StoreError};
use crate::patch::{Applied, ExpiryOp, Patch, PrincipalOp};
use crate::record::{Fields, Record};
use crate::schema::any_values::Discarded;
use crate::store::Created;
use crate::telemetry::SessionEvent;
use crate::telemetry::{self, SaveKind};

/// A store that knows this many new random ids is broken.
const MAX_NEW_IDS: usize = 3;

impl RunningCommit<'_> {
    /// Creates a session, if there is anything to store.
    pub(super) async fn create(&mut self, instead_of_gone: bool) -> Result<(), SessionError> {
        let config = self.config;
        let Some(record) = self.new_record()? else {
            let mut discarded = Discarded::new();
            self.settle(|commit, state| {
                state.intent.remember = commit.intent.remember;
                if commit.principal_only {
                    discarded = state.rebase_values(&*commit.config.clock);
                }
            });
            return Ok(());
        };
        if self.cell.lock().responded {
            return Err(SessionErrorKind::ResponseSent.into());
        }
        self.base = Stored::Live(LiveSession { id: config.backend.issue()?, record });
        for attempt in 0..MAX_NEW_IDS {
            let live = live(&mut self.base);
            if attempt > 0 {
                live.id = config.backend.issue()?;
            }
            let cookie = config.cookie_value(live)?;
            self.cell.mark_new_key(live.id.key);
            if config.backend.create(&live.id.key, &live.record).await? == Created::Created {
                telemetry::saved(SaveKind::Create, live.record.fields.len(), 0);
                let event = config.hooks.prepare(|| created(live, self.now));
                // If the request destroyed the session meanwhile, nobody is told that it began.
                if self.settle_base(Some(cookie), instead_of_gone || self.principal_only) {
                    self.event = event.map(Box::new);
                }
                return Ok(());
            }
        }
        let error = StoreError::backend("the store says that every new random id exists already");
        telemetry::store_failed("create", &error);
        Err(error.into())
    }

    /// The record of a new session. `None` if there is nothing to store.
    fn new_record(&mut self) -> Result<Option<Record>, SessionError> {
        let now = self.now;
        let timeouts = self.config.expiry.timeouts(self.intent.remember.unwrap_or(false));
        let deadline = now + timeouts.absolute;
        let mut record = Record {
            fields: Fields::default(),
            created_at: now,
            expires_at: (now + timeouts.idle).min(deadline),
            deadline,
            lifetime: timeouts.lifetime(),
            principal: None,
        };
        let resolved = self.changes.resolve(self.principal_only, &record.fields, now)?;
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
