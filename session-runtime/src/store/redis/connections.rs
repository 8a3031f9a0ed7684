//! The connections to one server.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, PushInfo, PushKind, RedisResult,
    ServerErrorKind, Value,
};
use tokio::time::Instant;

use super::deadline::{deadline_in, within};
use super::shared_connection::{ConnectionCell, SharedConnection};
use super::transport::{Transport, hgetall, next_answer};
use crate::store::StoreError;

/// Sends commands to one server.
pub(super) struct Connections {
    source: Source,
    timeout: Duration,
}

enum Source {
    Own(Box<Own>),
    Given(ConnectionManager),
}

/// The store's own connections. Commands for one session always use the same connection, so the
/// server runs them in the order in which they are sent.
struct Own {
    client: Client,
    shared: [SharedConnection<MultiplexedConnection>; CONNECTIONS],
}

/// With four connections, the server works on the commands of some while the application works on
/// the answers of others. With two, each side often waits for the other.
pub(super) const CONNECTIONS: usize = 4;

/// How many commands can wait for a socket. Beyond that, their senders wait.
const BUFFER: usize = 1_024;

impl Connections {
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        let own = Own { client, shared: std::array::from_fn(|_| SharedConnection::new()) };
        Self { source: Source::Own(own.into()), timeout }
    }

    pub(super) fn given(connection: ConnectionManager, timeout: Duration) -> Self {
        Self { source: Source::Given(connection), timeout }
    }

    /// Other connections to the same server. A connection that was given is shared.
    pub(super) fn separate(&self) -> Self {
        match &self.source {
            Source::Own(own) => Self::new(own.client.clone(), self.timeout),
            Source::Given(manager) => Self::given(manager.clone(), self.timeout),
        }
    }

    /// Opens the connection with this number if it is not open.
    pub(super) async fn open(&self, number: usize, deadline: Instant) -> RedisResult<()> {
        match &self.source {
            Source::Own(own) => {
                own.connection(&own.shared[number].cell(), deadline).await.map(drop)
            }
            Source::Given(_) => Ok(()),
        }
    }

    /// Sends commands through the connection with this number.
    pub(super) async fn send_through(
        &self,
        number: usize,
        commands: &Pipeline,
        deadline: Instant,
    ) -> RedisResult<Vec<Value>> {
        match &self.source {
            Source::Own(own) => own.send_all(number, commands, deadline).await,
            Source::Given(manager) => {
                let mut manager = manager.clone();
                within(deadline, manager.req_packed_commands(commands, 0, commands.len())).await
            }
        }
    }
}

/// The number of the connection for a key. Keys of sessions end in random characters.
pub(super) fn connection_for(key: &[u8]) -> usize {
    key.iter().fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(*byte))) % CONNECTIONS
}

impl Transport for Connections {
    async fn send(
        &self,
        key: &[u8],
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, StoreError> {
        let answer = match &self.source {
            Source::Own(own) => own.send(key, command, deadline).await,
            Source::Given(manager) => {
                let mut manager = manager.clone();
                within(deadline, manager.req_packed_command(command)).await
            }
        };
        answer.map_err(StoreError::backend)
    }

    async fn send_all(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        let answers = self.send_through(connection_for(key), commands, deadline).await;
        answers.map_err(StoreError::backend)
    }

    /// Takes one round trip.
    async fn read_hashes(&self, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let mut commands = redis::pipe();
        for key in keys {
            commands.add_command(hgetall(key));
        }
        let answers = self.send_all(first, &commands, deadline_in(self.timeout)).await?;
        let mut answers = answers.into_iter();
        keys.iter().map(|_| next_answer(&mut answers)).collect()
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl Own {
    async fn send(&self, key: &[u8], command: &Cmd, deadline: Instant) -> RedisResult<Value> {
        let cell = self.shared[connection_for(key)].cell();
        let mut connection = self.connection(&cell, deadline).await?;
        let answer = within(deadline, pin!(connection.send_packed_command(command))).await;
        cell.keep_if(answer.as_ref().is_ok_and(|answer| !is_read_only(answer)));
        answer
    }

    async fn send_all(
        &self,
        number: usize,
        commands: &Pipeline,
        deadline: Instant,
    ) -> RedisResult<Vec<Value>> {
        let cell = self.shared[number].cell();
        let mut connection = self.connection(&cell, deadline).await?;
        let sending = connection.req_packed_commands(commands, 0, commands.len());
        let answers = within(deadline, sending).await;
        cell.keep_if(answers.as_ref().is_ok_and(|answers| !answers.iter().any(is_read_only)));
        answers
    }

    async fn connection(
        &self,
        cell: &ConnectionCell<MultiplexedConnection>,
        deadline: Instant,
    ) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = cell.connection.get() {
            return Ok(connection.clone());
        }
        let opened = cell.connection.get_or_try_init(|| self.open(cell));
        within(deadline, Box::pin(opened)).await.cloned()
    }

    /// Opens a connection to a primary. A replica may not have the latest writes.
    async fn open(
        &self,
        cell: &ConnectionCell<MultiplexedConnection>,
    ) -> RedisResult<MultiplexedConnection> {
        let is_lost = cell.is_lost.clone();
        let config = AsyncConnectionConfig::new()
            // The sender has one deadline for the whole operation.
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(BUFFER)
            // A connection can be closed while nobody uses it. The next request must not use it.
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
            // The user may lack the right to call `ROLE`.
            Err(error) if error.kind() != ErrorKind::Io => Ok(connection),
            Err(error) => Err(error),
            Ok(_) => Ok(connection),
        }
    }
}

/// Whether the server has become a replica since the connection was opened. Before Redis 7, scripts
/// wrap this error in another one.
fn is_read_only(answer: &Value) -> bool {
    match answer {
        Value::ServerError(error) => {
            error.kind() == Some(ServerErrorKind::ReadOnly)
                || error.details().is_some_and(|details| details.contains("-READONLY"))
        }
        _ => false,
    }
}
