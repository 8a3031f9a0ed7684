//! Waiting until replicas have a write.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

use super::answer;
use crate::clock::whole_millis;
use crate::store::StoreError;

/// Connections only for commands that wait for replicas. The server answers nothing else on a
/// connection while it waits.
pub(super) struct Durable<C> {
    pub(super) connections: C,
    pub(super) wait: ReplicaWait,
}

/// How many replicas must acknowledge a write, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplicaWait {
    pub(super) count: usize,
    pub(super) timeout: Duration,
}

impl ReplicaWait {
    /// The command, then `WAIT`.
    pub(super) fn after(self, command: Cmd) -> Pipeline {
        let mut commands = Pipeline::with_capacity(2);
        commands.add_command(command);
        commands.cmd("WAIT").arg(self.count).arg(whole_millis(self.timeout));
        commands
    }

    /// Checks the answer to `WAIT`.
    pub(super) fn check(self, answer: &Value) -> Result<(), StoreError> {
        let Value::Int(replicas) = answer else { return Err(answer::unexpected()) };
        match usize::try_from(*replicas).is_ok_and(|replicas| replicas >= self.count) {
            true => Ok(()),
            false => Err(StoreError::backend(format!(
                "{replicas} of {} replicas have acknowledged the write in time",
                self.count
            ))),
        }
    }
}
