//! [`Transport`]: sends commands and script calls to one server, to a cluster, or to Webdis.

use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::time::Instant;

use super::answer;
use super::deadline::deadline_in;
use super::replicas::{Durable, ReplicaWait};
use super::script::ScriptCall;
use crate::store::StoreError;

/// Sends commands, in bounded time.
///
/// Nothing is sent twice unless the server proved that it did not run it. That is a script which
/// the server has not cached, or on a cluster a command which the server refused.
///
/// Rare futures are boxed, so that the futures of all other calls stay small.
pub(super) trait Transport: Send + Sync {
    /// Sends a command for one key, and answers before the deadline. An error of the server is a
    /// value.
    fn send(
        &self,
        key: &[u8],
        command: &Cmd,
        deadline: Instant,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send;

    /// Sends several commands for one key at once, and answers each of them.
    fn send_all(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> impl Future<Output = Result<Vec<Value>, StoreError>> + Send;

    /// Reads several hashes.
    fn read_hashes(
        &self,
        keys: &[Vec<u8>],
    ) -> impl Future<Output = Result<Vec<Value>, StoreError>> + Send;

    /// How long one operation may take.
    fn timeout(&self) -> Duration;

    /// Reads a hash.
    fn read_hash(&self, key: &[u8]) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let command = hgetall(key);
            checked(self.send(key, &command, deadline_in(self.timeout())).await?)
        }
    }

    /// Calls a script.
    fn call_script(
        &self,
        call: &ScriptCall,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        self.call_script_until(call, deadline_in(self.timeout()))
    }

    /// Calls a script, and answers before the deadline.
    fn call_script_until(
        &self,
        call: &ScriptCall,
        deadline: Instant,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let mut answer = self.send(call.key(), call.command(), deadline).await?;
            if is_unknown_script(&answer) {
                let with_code = call.command_with_code();
                answer = Box::pin(self.send(call.key(), &with_code, deadline)).await?;
            }
            checked(answer)
        }
    }

    /// Calls a script that deletes or moves a session. With `durable`, it succeeds only if replicas
    /// have acknowledged what the script wrote.
    fn call_durably(
        &self,
        call: &ScriptCall,
        durable: Option<&Durable<Self>>,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send
    where
        Self: Sized,
    {
        async move {
            match durable {
                Some(Durable { connections, wait }) => {
                    Box::pin(connections.call_script_and_wait(call, *wait)).await
                }
                None => self.call_script(call).await,
            }
        }
    }

    /// Calls a script, then waits for replicas.
    fn call_script_and_wait(
        &self,
        call: &ScriptCall,
        wait: ReplicaWait,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let deadline = deadline_in(self.timeout().saturating_add(wait.timeout));
            let commands = wait.after(call.command().clone());
            let mut answers = self.send_all(call.key(), &commands, deadline).await?;
            if answers.first().is_some_and(is_unknown_script) {
                let with_code = wait.after(call.command_with_code());
                answers = self.send_all(call.key(), &with_code, deadline).await?;
            }
            let mut answers = answers.into_iter();
            let answer = next_answer(&mut answers)?;
            wait.check(&next_answer(&mut answers)?)?;
            Ok(answer)
        }
    }
}

/// The command that reads a hash.
pub(super) fn hgetall(key: &[u8]) -> Cmd {
    let mut command = Cmd::with_capacity(2, 64);
    command.arg("HGETALL").arg(key);
    command
}

/// Takes an error of the server out of an answer.
pub(super) fn checked(answer: Value) -> Result<Value, StoreError> {
    match answer {
        Value::ServerError(error) => Err(StoreError::backend(RedisError::from(error))),
        answer => Ok(answer),
    }
}

/// The next answer, checked.
pub(super) fn next_answer(answers: &mut impl Iterator<Item = Value>) -> Result<Value, StoreError> {
    checked(answers.next().ok_or_else(answer::unexpected)?)
}

/// Whether the server has not cached the script, and so has not run it.
pub(super) fn is_unknown_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}
