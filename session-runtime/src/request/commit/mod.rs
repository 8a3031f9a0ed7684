//! A commit: from the changes of one request to calls of the store.
//!
//! Sessions that the request destroyed are deleted first. Then its changes become one `create`,
//! `update` or `rename`, which is tried again while other requests change the same fields.

mod create;
mod delete;
pub(super) mod make_patch;
pub(super) mod queue;
mod renew_id;
mod running;
mod update;

use self::delete::delete_destroyed;
use self::running::{Pending, RunningCommit};
use super::config::Config;
use super::state::StateCell;
use crate::error::{SessionError, SessionErrorKind};
use crate::telemetry::hooks::Events;

/// Saves everything that is pending. Callers take turns.
pub(super) struct Commit<'a> {
    pub(super) config: &'a Config,
    pub(super) cell: &'a StateCell,
    /// Changes to other fields than the principal are dropped.
    pub(super) principal_only: bool,
    /// The session may be used afterwards, so it must show the outcome.
    pub(super) observed: bool,
}

impl Commit<'_> {
    /// Leaves in `events` what the hooks are told when nothing is locked.
    pub(super) async fn run(&self, events: &mut Events<'_>) -> Result<(), SessionError> {
        let mut running = RunningCommit::new(self);
        loop {
            match running.take_pending()? {
                Pending::Nothing => return Ok(()),
                Pending::Interrupted => return Err(SessionErrorKind::Interrupted.into()),
                Pending::Deletions => delete_destroyed(self, events).await?,
                Pending::Changes => break,
            }
        }
        running.run().await.map_err(|error| running.fail(error))?;
        events.extend(running.event.map(|event| *event));
        Ok(())
    }
}
