//! Saving what one request did: destroyed sessions first, then what it changed.

use crate::core::Core;
use crate::error::{SessionError, SessionErrorKind};
use crate::event::{Events, SessionEvent};
use crate::observe;
use crate::state::{Doomed, PendingCookie, StateCell};
use crate::work::{Begun, Work};

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
        let mut work = Work::new(self.core, self.cell, self.observed, self.principal_only);
        loop {
            match work.begin()? {
                Begun::Nothing => return Ok(()),
                Begun::Interrupted => return Err(SessionErrorKind::Interrupted.into()),
                Begun::Deletions => delete_doomed(self.core, self.cell, events).await?,
                Begun::Changes => break,
            }
        }
        work.run().await.map_err(|error| work.fail(error))?;
        events.extend(work.event.map(|event| *event));
        Ok(())
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
            // The visitor's cookie is all there is of it, and that is removed, unless it is too late.
            Err(error) if error.is_unsupported() && core.keeper.is_cookie() => {
                if cell.lock().responded {
                    return Err(SessionErrorKind::ResponseSent.into());
                }
            }
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
