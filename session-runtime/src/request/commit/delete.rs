//! Deleting the sessions that a request destroyed.

use std::mem;

use super::Commit;
use crate::error::{SessionError, SessionErrorKind};
use crate::request::state::{Deletion, PendingCookie};
use crate::telemetry;
use crate::telemetry::{SessionEvent, hooks::Events};

/// Deletes destroyed sessions. Each stays in the list until it is deleted, so a failed call can be
/// repeated.
pub(super) async fn delete_destroyed(
    commit: &Commit<'_>,
    events: &mut Events<'_>,
) -> Result<(), SessionError> {
    let Commit { config, cell, .. } = commit;
    loop {
        let Some(deletion) = cell.lock().intent.deletions.last().cloned() else { break };
        match config.backend.delete(deletion.key()).await {
            // Only the visitor's cookie holds the session. It is removed, unless it is too late for
            // that.
            Err(error) if error.is_unsupported() && config.backend.is_cookie() => {
                if cell.lock().responded {
                    return Err(SessionErrorKind::ResponseSent.into());
                }
            }
            deleted => deleted?,
        }
        cell.lock().intent.deletions.retain(|other| other.key() != deletion.key());
        if let Deletion::Session(id, principal) = deletion {
            telemetry::ended("destroy", 1);
            let event = || SessionEvent::Destroyed { id, principal, at: config.now() };
            events.extend(config.hooks.prepare(event));
        }
    }
    let mut state = cell.lock();
    if mem::take(&mut state.intent.remove_cookie) && !state.responded {
        state.cookie = PendingCookie::Remove;
    }
    Ok(())
}
