//! [`Transport`]: sends commands to one server, to a cluster, or to Webdis.

use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, Value};
use tokio::time::Instant;

use super::answer;
use super::deadline::deadline_in;
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
