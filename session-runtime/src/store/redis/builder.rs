//! Builds a [`RedisStore`].

use std::fmt;
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{Client, ConnectionAddr, IntoConnectionInfo, ProtocolVersion};

use super::connections::Connections;
use super::layout::KeyNames;
use super::options::{Options, setters};
use super::replicas::{Durable, ReplicaWait};
use super::script::Operations;
use super::server::Server;
use super::store::RedisStore;
use super::tls::choose_crypto;
use crate::error::ConfigError;

impl RedisStore {
    /// Opens a store for the server at `url`, with default options.
    ///
    /// The URL is `redis://user:password@host:port/database`. With `rediss://` it is TLS, which
    /// trusts the system's certificates. A Unix socket is `redis+unix:///run/redis.sock?db=2`.
    ///
    /// The store connects at its first operation.
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::build`].
    pub fn open(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Chooses options for the server at `url`.
    pub fn builder(url: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder::url(url.into())
    }

    /// Chooses options for the server of a client, such as one with its own certificates.
    ///
    /// The client is from the crate `redis` (version 1, from 1.8). The store opens its own
    /// connections.
    ///
    /// ```no_run
    /// use session_runtime::store::RedisStore;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tls = redis::TlsCertificates {
    ///     client_tls: None,
    ///     root_cert: Some(std::fs::read("ca.pem")?),
    /// };
    /// let client = redis::Client::build_with_tls("rediss://redis.internal", tls)?;
    /// let store = RedisStore::builder_with_client(client).build()?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_with_client(client: redis::Client) -> RedisStoreBuilder {
        RedisStoreBuilder::client(client)
    }

    /// Chooses options for a connection that the store shares with the application.
    ///
    /// The connection is from the crate `redis` (version 1, from 1.8). The caller must make sure
    /// that it leads to a primary. With [`wait_replicas`](RedisStoreBuilder::wait_replicas) nothing
    /// else should use it.
    ///
    /// ```no_run
    /// use session_runtime::store::RedisStore;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = redis::Client::open("redis://127.0.0.1")?;
    /// let connection = client.get_connection_manager().await?;
    /// let store = RedisStore::builder_with_connection(connection).build()?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_with_connection(connection: ConnectionManager) -> RedisStoreBuilder {
        RedisStoreBuilder::connection(connection)
    }
}

/// The options of a [`RedisStore`].
///
/// ```
/// use session_runtime::store::RedisStore;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), session_runtime::ConfigError> {
/// let store = RedisStore::builder("redis://:secret@127.0.0.1:6379/2")
///     .prefix("shop:session:")
///     .command_timeout(Duration::from_millis(500))
///     .wait_replicas(1, Duration::from_millis(200))
///     .tombstone_time(Duration::from_secs(30))
///     .build()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[must_use = "call `build`"]
pub struct RedisStoreBuilder {
    target: Target,
    options: Options,
}

enum Target {
    Url(String),
    Client(Box<Client>),
    Connection(ConnectionManager),
}

impl RedisStoreBuilder {
    fn new(target: Target) -> Self {
        Self { target, options: Options::default() }
    }

    pub(super) fn url(url: String) -> Self {
        Self::new(Target::Url(url))
    }

    pub(super) fn client(client: Client) -> Self {
        Self::new(Target::Client(client.into()))
    }

    pub(super) fn connection(connection: ConnectionManager) -> Self {
        Self::new(Target::Connection(connection))
    }

    pub(super) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    setters! {
        prefix;
        /// The time includes connecting. Listing or deleting very many sessions of one principal
        /// takes several commands.
        command_timeout;
        /// The store waits for the writes of `delete`, `rename` and `delete_all`. Without waiting,
        /// a deleted session can be live again after a failover to a replica that lacks the
        /// deletion.
        wait_replicas;
        tombstone_time;
    }

    /// Builds the store.
    ///
    /// It connects at its first operation, and again after a connection is lost. So the server need
    /// not run yet. All requests share four connections, and each session always uses the same one.
    /// `wait_replicas` adds four.
    ///
    /// # Errors
    ///
    /// If the URL is not valid or has an option that the client does not know, or if an option of
    /// the store is not valid.
    pub fn build(self) -> Result<RedisStore, ConfigError> {
        let options = self.options;
        options.check()?;
        let timeout = options.command_timeout;
        let connections = match self.target {
            Target::Connection(connection) => Connections::given(connection, timeout),
            Target::Url(url) => {
                refuse_options(&url)?;
                Connections::new(client(url, "the URL of Redis is not valid")?, timeout)
            }
            Target::Client(given) => {
                let info = given.get_connection_info().clone();
                Connections::new(client(info, "the client of Redis is not usable")?, timeout)
            }
        };
        let durable = |wait| Durable { connections: connections.separate(), wait };
        Ok(RedisStore::new(Server {
            operations: Operations::new(KeyNames::new(options.prefix), options.tombstone_time),
            durable: options.wait_replicas.map(durable),
            connections,
        }))
    }
}

/// Refuses a URL with an option that the client would ignore.
fn refuse_options(url: &str) -> Result<(), ConfigError> {
    // The client itself refuses what is not a URL.
    let Some(url) = redis::parse_redis_url(url) else { return Ok(()) };
    let known: &[&str] = match url.scheme().ends_with("unix") {
        true => &["protocol", "db", "user", "pass"],
        false => &["protocol"],
    };
    let mut names = url.query_pairs().map(|(name, _)| name);
    let Some(name) = names.find(|name| !known.contains(&&**name)) else { return Ok(()) };
    let query = url.query().unwrap_or_default();
    // What looks like an option may be part of a password, which must not be shown.
    let option = match query.contains('@') || query.contains("pass=") {
        true => "an option".to_owned(),
        false => format!("the option `{name}`"),
    };
    Err(ConfigError::new(format_args!(
        "the URL of Redis has {option} that its client does not know; use the builder, or \
         `store::connect`, which reads options from the URL"
    )))
}

/// A client that speaks RESP3, where a connection reports that it was closed.
fn client(server: impl IntoConnectionInfo, message: &str) -> Result<Client, ConfigError> {
    let failed = |error| ConfigError::with_source(message, error);
    let info = server.into_connection_info().map_err(failed)?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        choose_crypto();
    }
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings)).map_err(failed)
}

impl fmt::Debug for RedisStoreBuilder {
    /// Shows no URL, since it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
