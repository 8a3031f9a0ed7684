//! The connection to the server: opened when it is needed, replaced when it is lost.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, Pipeline, PushInfo, PushKind, RedisError,
    RedisResult, ServerErrorKind, Value,
};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::call::Call;
use crate::store::StoreError;

/// Sends commands, in bounded time. Nothing is sent twice, but for a script that the server says it
/// does not know and therefore has not run.
pub(super) struct Link {
    connection: Connection,
    timeout: Duration,
}

enum Connection {
    Own(Box<Own>),
    Given(ConnectionManager),
}

/// A connection that all requests share.
struct Own {
    client: Client,
    current: Mutex<Arc<Slot>>,
}

/// One connection, from the request that opens it on until it is lost.
#[derive(Default)]
struct Slot {
    connection: OnceCell<MultiplexedConnection>,
    is_lost: Arc<AtomicBool>,
}

/// How many commands wait for the socket before their senders do.
const BUFFER: usize = 1_024;

/// A timeout that is as good as none, and that can be added to the present.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The number of replicas that must have a write, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replicas {
    pub(super) count: usize,
    pub(super) timeout: Duration,
}

impl Link {
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        let own = Own { client, current: Mutex::default() };
        Self { connection: Connection::Own(own.into()), timeout }
    }

    pub(super) fn given(connection: ConnectionManager, timeout: Duration) -> Self {
        Self { connection: Connection::Given(connection), timeout }
    }

    /// Runs a script; with `replicas`, succeeds only if they have acknowledged what it wrote.
    pub(super) async fn call(
        &self,
        call: &Call<'_>,
        replicas: Option<Replicas>,
    ) -> Result<Value, StoreError> {
        let deadline = self.deadline(replicas);
        let known = commands(call, "EVALSHA", call.script.sha1(), replicas);
        let mut answers = self.connection.send(&known, deadline).await?;
        if answers.first().and_then(error_kind) == Some(ServerErrorKind::NoScript) {
            let unknown = commands(call, "EVAL", call.script.code(), replicas);
            answers = self.connection.send(&unknown, deadline).await?;
        }
        let mut answers = answers.into_iter();
        let answer = next(&mut answers)?;
        if let Some(replicas) = replicas {
            acknowledged(&next(&mut answers)?, replicas.count)?;
        }
        Ok(answer)
    }

    /// Reads hashes, all in one round trip.
    pub(super) async fn hashes(&self, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
        let mut commands = redis::pipe();
        for key in keys {
            commands.cmd("HGETALL").arg(key);
        }
        let mut answers = self.connection.send(&commands, self.deadline(None)).await?.into_iter();
        keys.iter().map(|_| next(&mut answers)).collect()
    }

    fn deadline(&self, replicas: Option<Replicas>) -> Instant {
        let waiting = replicas.map_or(Duration::ZERO, |replicas| replicas.timeout);
        Instant::now() + self.timeout.saturating_add(waiting).min(LONGEST)
    }
}

impl Connection {
    async fn send(&self, commands: &Pipeline, deadline: Instant) -> Result<Vec<Value>, StoreError> {
        let sent = match self {
            Self::Own(own) => own.send(commands, deadline).await,
            Self::Given(manager) => {
                let mut manager = manager.clone();
                within(deadline, manager.send_packed_commands(commands, 0, commands.len())).await
            }
        };
        sent.map_err(StoreError::backend)
    }
}

impl Own {
    async fn send(&self, commands: &Pipeline, deadline: Instant) -> RedisResult<Vec<Value>> {
        let slot = self.slot();
        let opened = slot.connection.get_or_try_init(|| self.open(&slot));
        let mut connection = within(deadline, opened).await?.clone();
        let sending = connection.send_packed_commands(commands, 0, commands.len());
        let answers = within(deadline, sending).await;
        let is_usable = match &answers {
            Ok(answers) => !answers.iter().any(is_read_only),
            // One that hangs is none, either: the next request gets another one.
            Err(_) => false,
        };
        if !is_usable {
            slot.is_lost.store(true, Ordering::Relaxed);
        }
        answers
    }

    /// The connection, or the place for the next one.
    fn slot(&self) -> Arc<Slot> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_lost.load(Ordering::Relaxed) {
            *current = Arc::default();
        }
        current.clone()
    }

    /// Opens a connection to a primary: what a replica knows may be outdated.
    async fn open(&self, slot: &Slot) -> RedisResult<MultiplexedConnection> {
        let is_lost = slot.is_lost.clone();
        let config = AsyncConnectionConfig::new()
            // Whoever sends keeps to one timeout for all of it.
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(BUFFER)
            // So that no request is sent into a connection that was closed while nobody used it.
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    is_lost.store(true, Ordering::Relaxed);
                }
                Ok::<(), Infallible>(())
            });
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await?;
        match redis::cmd("ROLE").query_async::<Value>(&mut connection).await {
            Ok(Value::Array(role)) => match role.first() {
                Some(Value::BulkString(role)) if role != b"master" => {
                    Err((ErrorKind::Client, "the server is a replica, not a primary").into())
                }
                _ => Ok(connection),
            },
            // The user may not be allowed to ask.
            Err(error) if error.kind() != ErrorKind::Io => Ok(connection),
            Err(error) => Err(error),
            Ok(_) => Ok(connection),
        }
    }
}

fn commands(call: &Call<'_>, eval: &str, script: &str, replicas: Option<Replicas>) -> Pipeline {
    let mut commands = redis::pipe();
    commands.cmd(eval).arg(script).arg(call.keys.len()).arg(&call.keys);
    for argument in &call.arguments {
        commands.arg(&**argument);
    }
    if let Some(Replicas { count, timeout }) = replicas {
        commands.cmd("WAIT").arg(count).arg(crate::clock::whole_millis(timeout));
    }
    commands
}

async fn within<T>(
    deadline: Instant,
    request: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    match tokio::time::timeout_at(deadline, request).await {
        Ok(answer) => answer,
        Err(_) => Err((ErrorKind::Io, "the server has not answered in time").into()),
    }
}

/// The next answer, if it is no error.
fn next(answers: &mut impl Iterator<Item = Value>) -> Result<Value, StoreError> {
    match answers.next() {
        Some(Value::ServerError(error)) => Err(StoreError::backend(RedisError::from(error))),
        Some(answer) => Ok(answer),
        None => Err(super::answer::unexpected()),
    }
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

/// The server has become a replica since the connection was opened. Before Redis 7, scripts wrap the
/// error in one of their own.
fn is_read_only(answer: &Value) -> bool {
    match answer {
        Value::ServerError(error) => {
            error.kind() == Some(ServerErrorKind::ReadOnly)
                || error.details().is_some_and(|details| details.contains("-READONLY"))
        }
        _ => false,
    }
}
