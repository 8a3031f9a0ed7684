//! The way to the server, or to the servers of a cluster: what both have in common.

use std::time::Duration;

use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::Instant;

use super::call::Call;
use crate::store::StoreError;

/// Sends commands, in bounded time. Nothing is sent twice, but for what a server proved not to have
/// run: a script that it does not know, and in a cluster what it refused.
///
/// What is rare is boxed, for every call has room for its own future.
pub(super) trait Wire: Send + Sync {
    /// Sends a command that is about one key, and answers before the deadline: a value, or an error of
    /// the server as one.
    fn ask(
        &self,
        key: &[u8],
        command: &Cmd,
        deadline: Instant,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send;

    /// Sends commands that are about one key, in one go, and answers each of them.
    fn send(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> impl Future<Output = Result<Vec<Value>, StoreError>> + Send;

    /// Reads hashes.
    fn hashes(
        &self,
        keys: &[Vec<u8>],
    ) -> impl Future<Output = Result<Vec<Value>, StoreError>> + Send;

    /// How long an operation may take.
    fn timeout(&self) -> Duration;

    /// Reads a hash.
    fn hash(&self, key: &[u8]) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let command = hgetall(key);
            expect(self.ask(key, &command, deadline(self.timeout())).await?)
        }
    }

    /// Runs a script; with `replicas`, succeeds only if they have acknowledged what it wrote.
    fn call(
        &self,
        call: &Call,
        replicas: Option<Replicas>,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            if let Some(replicas) = replicas {
                return Box::pin(self.call_and_wait(call, replicas)).await;
            }
            self.call_until(call, deadline(self.timeout())).await
        }
    }

    /// Runs a script, and answers before the deadline.
    fn call_until(
        &self,
        call: &Call,
        deadline: Instant,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let mut answer = self.ask(call.key(), call.command(), deadline).await?;
            if is_unknown_script(&answer) {
                let with_code = call.command_with_code();
                answer = Box::pin(self.ask(call.key(), &with_code, deadline)).await?;
            }
            expect(answer)
        }
    }

    /// Runs a script, and waits for replicas.
    fn call_and_wait(
        &self,
        call: &Call,
        replicas: Replicas,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let deadline = deadline(self.timeout().saturating_add(replicas.timeout));
            let known = and_wait(call.command().clone(), replicas);
            let mut answers = self.send(call.key(), &known, deadline).await?;
            if answers.first().is_some_and(is_unknown_script) {
                let with_code = and_wait(call.command_with_code(), replicas);
                answers = self.send(call.key(), &with_code, deadline).await?;
            }
            let mut answers = answers.into_iter();
            let answer = next(&mut answers)?;
            acknowledged(&next(&mut answers)?, replicas.count)?;
            Ok(answer)
        }
    }
}

/// The number of replicas that must have a write, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replicas {
    pub(super) count: usize,
    pub(super) timeout: Duration,
}

/// A timeout that is as good as none, and that can be added to the present.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST)
}

pub(super) async fn within<T>(
    deadline: Instant,
    request: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    match tokio::time::timeout_at(deadline, request).await {
        Ok(answer) => answer,
        Err(_) => Err(late()),
    }
}

pub(super) fn late() -> RedisError {
    (ErrorKind::Io, "the server has not answered in time").into()
}

pub(super) fn hgetall(key: &[u8]) -> Cmd {
    let mut command = Cmd::with_capacity(2, 64);
    command.arg("HGETALL").arg(key);
    command
}

/// The answer, if it is no error.
pub(super) fn expect(answer: Value) -> Result<Value, StoreError> {
    match answer {
        Value::ServerError(error) => Err(StoreError::backend(RedisError::from(error))),
        answer => Ok(answer),
    }
}

/// The next answer, if it is no error.
pub(super) fn next(answers: &mut impl Iterator<Item = Value>) -> Result<Value, StoreError> {
    expect(answers.next().ok_or_else(super::answer::unexpected)?)
}

fn and_wait(command: Cmd, Replicas { count, timeout }: Replicas) -> Pipeline {
    let mut commands = Pipeline::with_capacity(2);
    commands.add_command(command);
    commands.cmd("WAIT").arg(count).arg(crate::clock::whole_millis(timeout));
    commands
}

fn acknowledged(answer: &Value, count: usize) -> Result<(), StoreError> {
    match answer {
        Value::Int(replicas) if usize::try_from(*replicas).is_ok_and(|them| them >= count) => {
            Ok(())
        }
        Value::Int(replicas) => Err(StoreError::backend(format!(
            "{replicas} of {count} replicas have acknowledged the write in time"
        ))),
        _ => Err(super::answer::unexpected()),
    }
}

pub(super) fn is_unknown_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}
