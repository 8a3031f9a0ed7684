//! The connections to a cluster.

use std::time::Duration;

use futures_util::future::try_join_all;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::Instant;

use crate::store::StoreError;
use crate::store::redis::answer::unexpected;
use crate::store::redis::deadline::{timed_out, within};
use crate::store::redis::shared_connection::SharedConnection;
use crate::store::redis::transport::Transport;

/// Sends commands to the primary that has a key.
///
/// The client's own repetitions are off, because they also repeat commands that may have run. This
/// repeats only commands that a server refused, until the deadline.
pub(super) struct Connections {
    source: Source,
    timeout: Duration,
}

enum Source {
    Own { client: Box<ClusterClient>, shared: SharedConnection<ClusterConnection> },
    Given(ClusterConnection),
}

/// The pause before the first repetition. Each further pause is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

impl Connections {
    pub(super) fn new(client: ClusterClient, timeout: Duration) -> Self {
        let source = Source::Own { client: client.into(), shared: SharedConnection::new() };
        Self { source, timeout }
    }

    pub(super) fn given(connection: ClusterConnection, timeout: Duration) -> Self {
        Self { source: Source::Given(connection), timeout }
    }

    /// Other connections to the same cluster. A connection that was given is shared.
    pub(super) fn separate(&self) -> Self {
        match &self.source {
            Source::Own { client, .. } => Self::new((**client).clone(), self.timeout),
            Source::Given(connection) => Self::given(connection.clone(), self.timeout),
        }
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

    /// Makes the next command ask again which server has which slots. The client learns this from
    /// refusals, but no server refuses a command without a key.
    pub(super) fn refresh_slots(&self) {
        if let Source::Own { shared, .. } = &self.source {
            shared.cell().lose();
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
            answer = match importing_server(&refusal) {
                Some(server) => self.attempt(asking(&commands()), 1, server, deadline).await,
                None => {
                    // Meanwhile the client asks again which server has the key.
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
        match &self.source {
            Source::Own { client, shared } => {
                let cell = shared.cell();
                let opened = cell.connection.get_or_try_init(|| client.get_async_connection());
                let mut connection = within(deadline, opened).await?.clone();
                let sending = connection.route_pipeline(commands, skipped, count, to);
                let answers = tokio::time::timeout_at(deadline, sending).await;
                answers.unwrap_or_else(|_| {
                    // The client does not notice that a server hangs. A new connection finds out
                    // which servers answer.
                    cell.lose();
                    Err(timed_out())
                })
            }
            Source::Given(connection) => {
                let mut connection = connection.clone();
                within(deadline, connection.route_pipeline(commands, skipped, count, to)).await
            }
        }
    }
}

impl Transport for Connections {
    async fn send(
        &self,
        key: &[u8],
        command: &Cmd,
        deadline: Instant,
    ) -> Result<Value, StoreError> {
        let commands = || {
            let mut commands = Pipeline::with_capacity(1);
            commands.add_command(command.clone());
            commands
        };
        let answers = self.send_by(primary_of(key), commands, deadline).await?;
        answers.into_iter().next().ok_or_else(unexpected)
    }

    async fn send_all(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        self.send_by(primary_of(key), || commands.clone(), deadline).await
    }

    /// Sends all commands at the same time, because each key may be on another server.
    async fn read_hashes(&self, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
        try_join_all(keys.iter().map(|key| self.read_hash(key))).await
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

fn primary_of(key: &[u8]) -> Route {
    Route::with_key(key, SlotAddr::Master)
}

/// Whether the commands have certainly not run, but may soon.
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
        // There was no server to send them to.
        kind => kind == ErrorKind::ClusterConnectionNotFound,
    }
}

/// The server that the key's slot is moving to, if that server has the key already.
fn importing_server(refusal: &RedisError) -> Option<SingleNodeRoutingInfo> {
    if refusal.kind() != ErrorKind::Server(ServerErrorKind::Ask) {
        return None;
    }
    let (host, port) = refusal.redirect_node()?.0.rsplit_once(':')?;
    Some(SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port: port.parse().ok()? })
}

/// The commands after `ASKING`. A server that a slot is moving to refuses them without it.
fn asking(commands: &Pipeline) -> Pipeline {
    let mut asking = redis::pipe();
    asking.cmd("ASKING");
    // `ASKING` counts only for the next command.
    for command in commands.cmd_iter() {
        asking.add_command(command.clone());
    }
    asking
}
