//! The way to the server, or to the servers of a cluster: what both have in common.

use std::borrow::Cow;
use std::time::Duration;

use redis::{ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::Instant;

use super::call::Call;
use crate::store::StoreError;

/// Sends commands, in bounded time. Nothing is sent twice, but for what a server proved not to have
/// run: a script that it does not know, and in a cluster what it refused.
pub(super) trait Wire: Send + Sync {
    /// Sends commands that are about one key, and answers before the deadline: one value each, errors
    /// of the server among them.
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

    /// Runs a script; with `replicas`, succeeds only if they have acknowledged what it wrote.
    fn call(
        &self,
        call: &Call,
        replicas: Option<Replicas>,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let waiting = replicas.map_or(Duration::ZERO, |replicas| replicas.timeout);
            let deadline = deadline(self.timeout().saturating_add(waiting));
            let mut answers = self.send(call.key(), &known(call, replicas), deadline).await?;
            if answers.first().and_then(error_kind) == Some(ServerErrorKind::NoScript) {
                let unknown = and_wait(call.command_with_code(), replicas);
                answers = self.send(call.key(), &unknown, deadline).await?;
            }
            let mut answers = answers.into_iter();
            let answer = next(&mut answers)?;
            if let Some(replicas) = replicas {
                acknowledged(&next(&mut answers)?, replicas.count)?;
            }
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

/// The next answer, if it is no error.
pub(super) fn next(answers: &mut impl Iterator<Item = Value>) -> Result<Value, StoreError> {
    match answers.next() {
        Some(Value::ServerError(error)) => Err(StoreError::backend(RedisError::from(error))),
        Some(answer) => Ok(answer),
        None => Err(super::answer::unexpected()),
    }
}

fn known(call: &Call, replicas: Option<Replicas>) -> Cow<'_, Pipeline> {
    match replicas {
        None => Cow::Borrowed(call.command()),
        Some(_) => Cow::Owned(and_wait(call.command().clone(), replicas)),
    }
}

fn and_wait(mut commands: Pipeline, replicas: Option<Replicas>) -> Pipeline {
    if let Some(Replicas { count, timeout }) = replicas {
        commands.cmd("WAIT").arg(count).arg(crate::clock::whole_millis(timeout));
    }
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

fn error_kind(answer: &Value) -> Option<ServerErrorKind> {
    match answer {
        Value::ServerError(error) => error.kind(),
        _ => None,
    }
}
