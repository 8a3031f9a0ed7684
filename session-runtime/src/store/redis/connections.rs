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

use super::shared::{Shared, Slot};
use super::wire::{Wire, deadline, hgetall, next, within};
use crate::store::StoreError;

/// Sends commands to one server.
pub(super) struct Link {
    connection: Connection,
    timeout: Duration,
}

enum Connection {
    Own(Box<Own>),
    Given(ConnectionManager),
}

/// Connections that all requests share. What is about one session goes through one of them, so that
/// it stays in turn.
struct Own {
    client: Client,
    shared: [Shared<MultiplexedConnection>; CONNECTIONS],
}

/// While the server works on what came through some of them, the application works on what came back
/// through the others. With two, both easily wait for each other.
pub(super) const CONNECTIONS: usize = 4;

/// How many commands wait for the socket before their senders do.
const BUFFER: usize = 1_024;

impl Link {
    pub(super) fn new(client: Client, timeout: Duration) -> Self {
        let own = Own { client, shared: std::array::from_fn(|_| Shared::new()) };
        Self { connection: Connection::Own(own.into()), timeout }
    }

    pub(super) fn given(connection: ConnectionManager, timeout: Duration) -> Self {
        Self { connection: Connection::Given(connection), timeout }
    }

    /// Opens the connection at `place` if it is not open.
    pub(super) async fn connect(&self, place: usize, deadline: Instant) -> RedisResult<()> {
        match &self.connection {
            Connection::Own(own) => {
                own.connection(&own.shared[place].slot(), deadline).await.map(drop)
            }
            Connection::Given(_) => Ok(()),
        }
    }

    /// Sends commands through the connection at `place`.
    pub(super) async fn exchange(
        &self,
        place: usize,
        commands: &Pipeline,
        deadline: Instant,
    ) -> RedisResult<Vec<Value>> {
        match &self.connection {
            Connection::Own(own) => own.exchange(place, commands, deadline).await,
            Connection::Given(manager) => {
                let mut manager = manager.clone();
                within(deadline, manager.req_packed_commands(commands, 0, commands.len())).await
            }
        }
    }
}

/// The place of the connection for a key. Keys of sessions end in random characters.
pub(super) fn place_of(key: &[u8]) -> usize {
    key.iter().fold(0_usize, |sum, byte| sum.wrapping_add(usize::from(*byte))) % CONNECTIONS
}

impl Wire for Link {
    async fn ask(&self, key: &[u8], command: &Cmd, deadline: Instant) -> Result<Value, StoreError> {
        let answer = match &self.connection {
            Connection::Own(own) => own.ask(key, command, deadline).await,
            Connection::Given(manager) => {
                let mut manager = manager.clone();
                within(deadline, manager.req_packed_command(command)).await
            }
        };
        answer.map_err(StoreError::backend)
    }

    async fn send(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        let answers = self.exchange(place_of(key), commands, deadline).await;
        answers.map_err(StoreError::backend)
    }

    /// All in one round trip.
    async fn hashes(&self, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
        let Some(first) = keys.first() else { return Ok(Vec::new()) };
        let mut commands = redis::pipe();
        for key in keys {
            commands.add_command(hgetall(key));
        }
        let mut answers = self.send(first, &commands, deadline(self.timeout)).await?.into_iter();
        keys.iter().map(|_| next(&mut answers)).collect()
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl Own {
    async fn ask(&self, key: &[u8], command: &Cmd, deadline: Instant) -> RedisResult<Value> {
        let slot = self.shared[place_of(key)].slot();
        let mut connection = self.connection(&slot, deadline).await?;
        let answer = within(deadline, pin!(connection.send_packed_command(command))).await;
        slot.keep_if(answer.as_ref().is_ok_and(|answer| !is_read_only(answer)));
        answer
    }

    async fn exchange(
        &self,
        place: usize,
        commands: &Pipeline,
        deadline: Instant,
    ) -> RedisResult<Vec<Value>> {
        let slot = self.shared[place].slot();
        let mut connection = self.connection(&slot, deadline).await?;
        let sending = connection.req_packed_commands(commands, 0, commands.len());
        let answers = within(deadline, sending).await;
        slot.keep_if(answers.as_ref().is_ok_and(|answers| !answers.iter().any(is_read_only)));
        answers
    }

    async fn connection(
        &self,
        slot: &Slot<MultiplexedConnection>,
        deadline: Instant,
    ) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = slot.connection.get() {
            return Ok(connection.clone());
        }
        let opened = slot.connection.get_or_try_init(|| self.open(slot));
        within(deadline, Box::pin(opened)).await.cloned()
    }

    /// Opens a connection to a primary: what a replica knows may be outdated.
    async fn open(&self, slot: &Slot<MultiplexedConnection>) -> RedisResult<MultiplexedConnection> {
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
