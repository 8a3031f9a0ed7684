//! The requests of one batch: how they are sent, and how each gets its answer.

use redis::{Pipeline, RedisError, RedisResult, Value};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::update_many::{self, BatchedOp};
use crate::store::redis::call_script::is_unknown_script;
use crate::store::redis::connections::Connections;
use crate::store::redis::script::ScriptCall;
use crate::store::redis::transport::hgetall;

/// Loads, and updates that share one script call.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) loads: Vec<PendingLoad>,
    pub(super) updates: Vec<PendingUpdate>,
}

pub(super) struct PendingLoad {
    pub(super) name: Vec<u8>,
    pub(super) sender: oneshot::Sender<RedisResult<Value>>,
}

pub(super) struct PendingUpdate {
    pub(super) name: Vec<u8>,
    pub(super) change: BatchedOp,
    /// Takes whether the update is applied. If not, nothing has changed.
    pub(super) sender: oneshot::Sender<RedisResult<bool>>,
}

/// The most updates in one script call, so that other commands get their turn in between. Loads
/// need no limit, because each is a command of its own.
const MAX_UPDATES: usize = 200;

impl Pending {
    pub(super) fn is_full(&self) -> bool {
        self.updates.len() >= MAX_UPDATES
    }

    /// Sends everything through one connection, and gives each request its answer.
    pub(super) async fn send(
        mut self,
        connections: &Connections,
        number: usize,
        deadline: Instant,
    ) {
        self.drop_abandoned();
        let mut commands = Pipeline::with_capacity(self.loads.len() + 1);
        for load in &self.loads {
            commands.add_command(hgetall(&load.name));
        }
        if !self.updates.is_empty() {
            commands.add_command(self.call().into_command());
        }
        if commands.is_empty() {
            return;
        }
        let mut answers = match connections.send_through(number, &commands, deadline).await {
            Ok(answers) => answers,
            Err(error) => return self.fail(&error),
        };
        let mut applied = if self.updates.is_empty() { None } else { answers.pop() };
        for (load, answer) in self.loads.drain(..).zip(answers) {
            // Sending fails only if the request was abandoned.
            let _ = load.sender.send(Ok(answer));
        }
        if applied.as_ref().is_some_and(is_unknown_script) {
            self.drop_abandoned();
            if self.updates.is_empty() {
                return;
            }
            let mut with_code = Pipeline::with_capacity(1);
            with_code.add_command(self.call().command_with_code());
            applied = match connections.send_through(number, &with_code, deadline).await {
                Ok(mut answers) => answers.pop(),
                Err(error) => return self.fail(&error),
            };
        }
        match applied.map(|answer| update_many::applied(answer, self.updates.len())) {
            Some(Ok(applied)) => {
                for (update, is_applied) in self.updates.into_iter().zip(applied) {
                    let _ = update.sender.send(Ok(is_applied));
                }
            }
            Some(Err(error)) => self.fail(&error),
            None => {}
        }
    }

    /// Fails all requests.
    pub(super) fn fail(self, error: &RedisError) {
        for load in self.loads {
            let _ = load.sender.send(Err(error.clone()));
        }
        for update in self.updates {
            let _ = update.sender.send(Err(error.clone()));
        }
    }

    /// Drops requests that nobody waits for any more. The caller may have tried again, so an
    /// abandoned update must not be sent later.
    fn drop_abandoned(&mut self) {
        self.loads.retain(|load| !load.sender.is_closed());
        self.updates.retain(|update| !update.sender.is_closed());
    }

    fn call(&self) -> ScriptCall {
        let names: Vec<_> = self.updates.iter().map(|update| &*update.name).collect();
        update_many::call(&names, self.updates.iter().map(|update| &update.change))
    }
}
