//! What several requests ask of the server, and its way there and back.

use redis::{Pipeline, RedisError, RedisResult, Value};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::answer;
use super::call::{Call, Calls, Change};
use super::link::Link;
use super::wire::{hgetall, is_unknown_script};

/// Loads, and updates that are one call of a script.
#[derive(Default)]
pub(super) struct Message {
    pub(super) loads: Vec<Load>,
    pub(super) updates: Vec<Update>,
}

pub(super) struct Load {
    pub(super) name: Vec<u8>,
    pub(super) answer: oneshot::Sender<RedisResult<Value>>,
}

pub(super) struct Update {
    pub(super) name: Vec<u8>,
    pub(super) change: Change,
    /// Whether it is done. If not, nothing has changed.
    pub(super) answer: oneshot::Sender<RedisResult<bool>>,
}

/// So that other commands get their turn in between. Loads are commands of their own.
const MOST_UPDATES: usize = 200;

impl Message {
    pub(super) fn is_full(&self) -> bool {
        self.updates.len() >= MOST_UPDATES
    }

    /// Sends it through the connection at `place`, and tells everybody their answer.
    pub(super) async fn send(
        mut self,
        calls: &Calls,
        link: &Link,
        place: usize,
        deadline: Instant,
    ) {
        self.forget_who_gave_up();
        let mut commands = Pipeline::with_capacity(self.loads.len() + 1);
        for load in &self.loads {
            commands.add_command(hgetall(&load.name));
        }
        if !self.updates.is_empty() {
            commands.add_command(self.call(calls).into_command());
        }
        if commands.is_empty() {
            return;
        }
        let mut answers = match link.exchange(place, &commands, deadline).await {
            Ok(answers) => answers,
            Err(error) => return self.fail(&error),
        };
        let mut done = if self.updates.is_empty() { None } else { answers.pop() };
        for (load, answer) in self.loads.drain(..).zip(answers) {
            // Who has given up meanwhile wants no answer.
            let _ = load.answer.send(Ok(answer));
        }
        if done.as_ref().is_some_and(is_unknown_script) {
            self.forget_who_gave_up();
            if self.updates.is_empty() {
                return;
            }
            let mut with_code = Pipeline::with_capacity(1);
            with_code.add_command(self.call(calls).command_with_code());
            done = match link.exchange(place, &with_code, deadline).await {
                Ok(mut answers) => answers.pop(),
                Err(error) => return self.fail(&error),
            };
        }
        match done.map(|answer| answer::done(answer, self.updates.len())) {
            Some(Ok(done)) => {
                for (update, is_done) in self.updates.into_iter().zip(done) {
                    let _ = update.answer.send(Ok(is_done));
                }
            }
            Some(Err(error)) => self.fail(&error),
            None => {}
        }
    }

    /// Who did may have tried again, so nothing may come later.
    fn forget_who_gave_up(&mut self) {
        self.loads.retain(|load| !load.answer.is_closed());
        self.updates.retain(|update| !update.answer.is_closed());
    }

    fn call(&self, calls: &Calls) -> Call {
        let names: Vec<_> = self.updates.iter().map(|update| &*update.name).collect();
        calls.update_many(&names, self.updates.iter().map(|update| &update.change))
    }

    pub(super) fn fail(self, error: &RedisError) {
        for load in self.loads {
            let _ = load.answer.send(Err(error.clone()));
        }
        for update in self.updates {
            let _ = update.answer.send(Err(error.clone()));
        }
    }
}
