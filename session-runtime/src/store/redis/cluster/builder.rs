//! Builds a [`RedisClusterStore`].

use std::fmt;
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisResult};

use super::connections::Connections;
use super::operations::Operations;
use super::steps::Cluster;
use super::store::RedisClusterStore;
use crate::error::ConfigError;
use crate::store::redis::options::{Options, setters};
use crate::store::redis::replicas::{Durable, ReplicaWait};
use crate::store::redis::tls::choose_crypto;

impl RedisClusterStore {
    /// Opens a store for the cluster at `url`, with default options.
    ///
    /// The URL is `redis-cluster://user:password@host:port,host:port`. It names one or more
    /// servers, and one of them must be reachable. With `rediss-cluster://` it is TLS, which trusts
    /// the system's certificates.
    ///
    /// The store connects at its first operation.
    ///
    /// # Errors
    ///
    /// As [`RedisClusterStoreBuilder::build`].
    pub fn open(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Chooses options for the cluster at `url`.
    pub fn builder(url: impl Into<String>) -> RedisClusterStoreBuilder {
        RedisClusterStoreBuilder::url(url.into())
    }

    /// Chooses options for the cluster of a client, such as one with its own certificates.
    ///
    /// The client is from the crate `redis` (version 1, from 1.8). The store opens its own
    /// connections. It uses its own timeouts, and turns the client's repetitions off. The client
    /// must not read from replicas.
    ///
    /// ```no_run
    /// use session_runtime::store::RedisClusterStore;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tls = redis::TlsCertificates {
    ///     client_tls: None,
    ///     root_cert: Some(std::fs::read("ca.pem")?),
    /// };
    /// let client = redis::cluster::ClusterClientBuilder::new(["rediss://10.0.0.1"]).certs(tls);
    /// let store = RedisClusterStore::builder_with_client(client).build()?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_with_client(client: ClusterClientBuilder) -> RedisClusterStoreBuilder {
        RedisClusterStoreBuilder::client(client)
    }

    /// Chooses options for a connection that the store shares with the application.
    ///
    /// The connection is from the crate `redis` (version 1, from 1.8). Its client must have
    /// `retries(0)`, which the store cannot check. Otherwise the client repeats a write if it has
    /// missed the answer, and a counter may count one visit several times. The client must not read
    /// from replicas. With [`wait_replicas`](RedisClusterStoreBuilder::wait_replicas) nothing else
    /// should use the connection.
    ///
    /// ```no_run
    /// use session_runtime::store::RedisClusterStore;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let nodes = ["redis://10.0.0.1", "redis://10.0.0.2"];
    /// let client = redis::cluster::ClusterClientBuilder::new(nodes).retries(0).build()?;
    /// let connection = client.get_async_connection().await?;
    /// let store = RedisClusterStore::builder_with_connection(connection).build()?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_with_connection(connection: ClusterConnection) -> RedisClusterStoreBuilder {
        RedisClusterStoreBuilder::connection(connection)
    }
}

/// The options of a [`RedisClusterStore`].
///
/// ```
/// use session_runtime::store::RedisClusterStore;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), session_runtime::ConfigError> {
/// let store = RedisClusterStore::builder("redis-cluster://:secret@10.0.0.1:6379,10.0.0.2:6379")
///     .prefix("shop:session:")
///     .command_timeout(Duration::from_secs(2))
///     .wait_replicas(1, Duration::from_millis(200))
///     .tombstone_time(Duration::from_secs(30))
///     .build()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[must_use = "call `build`"]
pub struct RedisClusterStoreBuilder {
    target: Target,
    options: Options,
}

enum Target {
    Url(String),
    Client(Box<ClusterClientBuilder>),
    Connection(ClusterConnection),
}

impl RedisClusterStoreBuilder {
    fn new(target: Target) -> Self {
        Self { target, options: Options::default() }
    }

    pub(super) fn url(url: String) -> Self {
        Self::new(Target::Url(url))
    }

    pub(super) fn client(client: ClusterClientBuilder) -> Self {
        Self::new(Target::Client(client.into()))
    }

    pub(super) fn connection(connection: ClusterConnection) -> Self {
        Self::new(Target::Connection(connection))
    }

    pub(super) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    setters! {
        prefix;
        /// The time includes connecting, and finding the right server. An operation that changes
        /// the index of a principal takes several commands.
        command_timeout;
        /// The store waits for writes that delete or rename a session, or that add one to the index
        /// of its principal. Without waiting, a failover to a replica that lacks such a write can
        /// make a deleted session live again, and `delete_all` can miss a session.
        ///
        /// Other writes do not wait. After a failover, the last changes of fields or a new session
        /// can be missing.
        wait_replicas;
        /// A renamed session has its tombstone for at least five command timeouts.
        tombstone_time;
    }

    /// Builds the store.
    ///
    /// It connects at its first operation, and again after a connection is lost. So the cluster
    /// need not run yet.
    ///
    /// # Errors
    ///
    /// If the URL is not valid, or an option is not.
    pub fn build(self) -> Result<RedisClusterStore, ConfigError> {
        let Self { target, options } = self;
        options.check()?;
        if options.prefix.contains('{') {
            return Err(ConfigError::new(
                "the prefix of a cluster's keys must not contain `{`, which would put all sessions \
                 on one server",
            ));
        }
        let timeout = options.command_timeout;
        let connections = match target {
            Target::Connection(connection) => Connections::given(connection, timeout),
            Target::Url(url) => {
                let client = client(ClusterClientBuilder::new(nodes(&url)?), &options);
                Connections::new(client.map_err(|error| invalid_url(Some(error)))?, timeout)
            }
            Target::Client(given) => {
                let client = client(*given, &options).map_err(|error| {
                    ConfigError::with_source("the client of Redis Cluster is not usable", error)
                })?;
                Connections::new(client, timeout)
            }
        };
        let durable = |wait| Durable { connections: connections.separate(), wait };
        Ok(RedisClusterStore::new(Cluster {
            operations: Operations::new(
                options.prefix,
                options.tombstone_time,
                timeout.saturating_mul(5),
            ),
            durable: options.wait_replicas.map(durable),
            connections,
        }))
    }
}

/// A client that repeats no commands.
fn client(client: ClusterClientBuilder, options: &Options) -> RedisResult<ClusterClient> {
    let waiting = options.wait_replicas.map_or(Duration::ZERO, |wait| wait.timeout);
    client
        .retries(0)
        // With RESP3, a connection reports that it was closed.
        .use_protocol(ProtocolVersion::RESP3)
        // While the client connects to one server, it sends nothing to any server.
        .connection_timeout(options.command_timeout / 4)
        .response_timeout(options.command_timeout.saturating_add(waiting))
        // The sender has one deadline for the whole operation.
        .overall_response_timeout(None)
        .build()
}

/// The servers that a URL names.
fn nodes(url: &str) -> Result<Vec<ConnectionInfo>, ConfigError> {
    let (scheme, rest) = match url.split_once("://") {
        Some(("redis-cluster", rest)) => ("redis", rest),
        Some(("rediss-cluster", rest)) => {
            choose_crypto();
            ("rediss", rest)
        }
        _ => return Err(invalid_url(None)),
    };
    let (user, hosts) = match rest.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), rest),
    };
    let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
    // A cluster has only one database, so nothing may follow the servers.
    if hosts.contains(['/', '?', '#']) {
        return Err(invalid_url(None));
    }
    let node = |host: &str| {
        let node = format!("{scheme}://{user}{host}").into_connection_info();
        node.map_err(|error| invalid_url(Some(error)))
    };
    hosts.split(',').map(node).collect()
}

fn invalid_url(error: Option<redis::RedisError>) -> ConfigError {
    let message = "the URL of a Redis Cluster is not valid; write \
        `redis-cluster://user:password@host:6379,host:6379`, or `rediss-cluster:` for TLS";
    match error {
        Some(error) => ConfigError::with_source(message, error),
        None => ConfigError::new(message),
    }
}

impl fmt::Debug for RedisClusterStoreBuilder {
    /// Shows no URL, since it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClusterStoreBuilder")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
