//! The connections to a cluster.

use std::time::Duration;

use futures_util::future::try_join_all;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::Instant;

use super::super::answer::unexpected;
use super::super::shared::Shared;
use super::super::wire::{Wire, late, within};
use crate::store::StoreError;

/// Sends commands to the primary that has a key.
///
/// The client repeats nothing by itself: it would also repeat what may have been executed. What a
/// server refused is repeated here, until the deadline.
pub(super) struct ClusterLink {
    connection: Connection,
    timeout: Duration,
}

enum Connection {
    Own { client: Box<ClusterClient>, shared: Shared<ClusterConnection> },
    Given(ClusterConnection),
}

/// How long to wait before the first repetition; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

impl ClusterLink {
    pub(super) fn new(client: ClusterClient, timeout: Duration) -> Self {
        let connection = Connection::Own { client: client.into(), shared: Shared::new() };
        Self { connection, timeout }
    }

    pub(super) fn given(connection: ClusterConnection, timeout: Duration) -> Self {
        Self { connection: Connection::Given(connection), timeout }
    }

    /// Sends commands to the primary that has a slot.
    pub(super) async fn send_to_slot(
        &self,
        slot: u16,
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        self.send_by(Route::new(slot, SlotAddr::Master), || commands.clone(), deadline).await
    }

    /// Lets the next command look anew which server has which slots. A command without a key is refused
    /// by none, so the client does not notice by itself.
    pub(super) fn look_again(&self) {
        if let Connection::Own { shared, .. } = &self.connection {
            shared.slot().lose();
        }
    }

    async fn send_by(
        &self,
        route: Route,
        commands: impl Fn() -> Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        let primary = || SingleNodeRoutingInfo::SpecificNode(route);
        let mut pause = FIRST_PAUSE;
        let mut answer = self.attempt(commands(), 0, primary(), deadline).await;
        loop {
            let refusal = match answer {
                Ok(answers) => return Ok(answers),
                Err(error) if is_refusal(&error) => error,
                Err(error) => return Err(StoreError::backend(error)),
            };
            answer = match asked_elsewhere(&refusal) {
                Some(node) => self.attempt(asking(&commands()), 1, node, deadline).await,
                None => {
                    // Meanwhile the client learns anew which server has the key.
                    let until = Instant::now() + pause;
                    if until >= deadline {
                        return Err(StoreError::backend(refusal));
                    }
                    tokio::time::sleep_until(until).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    self.attempt(commands(), 0, primary(), deadline).await
                }
            };
        }
    }

    async fn attempt(
        &self,
        commands: Pipeline,
        skipped: usize,
        to: SingleNodeRoutingInfo,
        deadline: Instant,
    ) -> RedisResult<Vec<Value>> {
        let count = commands.len() - skipped;
        match &self.connection {
            Connection::Own { client, shared } => {
                let slot = shared.slot();
                let opened = slot.connection.get_or_try_init(|| client.get_async_connection());
                let mut connection = within(deadline, opened).await?.clone();
                let sending = connection.route_pipeline(commands, skipped, count, to);
                let answers = tokio::time::timeout_at(deadline, sending).await;
                answers.unwrap_or_else(|_| {
                    // The client does not notice that a server hangs; a new one looks which do not.
                    slot.lose();
                    Err(late())
                })
            }
            Connection::Given(connection) => {
                let mut connection = connection.clone();
                within(deadline, connection.route_pipeline(commands, skipped, count, to)).await
            }
        }
    }
}

impl Wire for ClusterLink {
    async fn ask(&self, key: &[u8], command: &Cmd, deadline: Instant) -> Result<Value, StoreError> {
        let commands = || {
            let mut commands = Pipeline::with_capacity(1);
            commands.add_command(command.clone());
            commands
        };
        let answers = self.send_by(primary_of(key), commands, deadline).await?;
        answers.into_iter().next().ok_or_else(unexpected)
    }

    async fn send(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        self.send_by(primary_of(key), || commands.clone(), deadline).await
    }

    /// All at once, since each may be on another server.
    async fn hashes(&self, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
        try_join_all(keys.iter().map(|key| self.hash(key))).await
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

fn primary_of(key: &[u8]) -> Route {
    Route::with_key(key, SlotAddr::Master)
}

/// Whether the commands were certainly not executed, and may be soon.
fn is_refusal(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::Moved
                | ServerErrorKind::Ask
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::BusyLoading
        ),
        // There was nobody to send them to.
        kind => kind == ErrorKind::ClusterConnectionNotFound,
    }
}

/// The server that has the key for the moment, while its slot is moving there.
fn asked_elsewhere(refusal: &RedisError) -> Option<SingleNodeRoutingInfo> {
    if refusal.kind() != ErrorKind::Server(ServerErrorKind::Ask) {
        return None;
    }
    let (host, port) = refusal.redirect_node()?.0.rsplit_once(':')?;
    Some(SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port: port.parse().ok()? })
}

/// The commands behind what a server wants to hear that is getting their slot.
fn asking(commands: &Pipeline) -> Pipeline {
    let mut asking = redis::pipe();
    asking.cmd("ASKING");
    // It is good for the next command alone.
    for command in commands.cmd_iter() {
        asking.add_command(command.clone());
    }
    asking
}
