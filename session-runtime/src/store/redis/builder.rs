//! The options of the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{Client, ConnectionAddr, IntoConnectionInfo, ProtocolVersion};

use super::call::Calls;
use super::lanes::Lanes;
use super::layout::Names;
use super::link::Link;
use super::options::Options;
use super::{Inner, RedisStore};
use crate::error::ConfigError;

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
    server: Server,
    options: Options,
}

enum Server {
    Url(String),
    Client(Box<Client>),
    Connection(ConnectionManager),
}

impl RedisStoreBuilder {
    fn new(server: Server) -> Self {
        Self { server, options: Options::default() }
    }

    pub(super) fn url(url: String) -> Self {
        Self::new(Server::Url(url))
    }

    pub(super) fn client(client: Client) -> Self {
        Self::new(Server::Client(client.into()))
    }

    pub(super) fn connection(connection: ConnectionManager) -> Self {
        Self::new(Server::Connection(connection))
    }

    pub(crate) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// What all keys begin with. The default is `session:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.prefix = prefix.into();
        self
    }

    /// How long an operation may take, connecting included, before it fails; what it wrote by then
    /// is unknown. The default is 2 seconds. Reading or ending very many sessions of one principal
    /// takes several operations.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.options.command_timeout = timeout;
        self
    }

    /// Lets `delete`, `rename` and `delete_all` succeed only when `count` replicas have acknowledged
    /// what they wrote, for which they may take `timeout` longer. Otherwise a session that was ended
    /// can be back after a failover to a replica that had not heard of it. These operations get a
    /// connection of their own, because the server answers nothing else on it meanwhile.
    ///
    /// The default is not to wait.
    pub fn wait_replicas(mut self, count: usize, timeout: Duration) -> Self {
        self.options.wait_replicas(count, timeout);
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.options.tombstone_time = time;
        self
    }

    /// The store. Connects when the first session is asked for, and again whenever a connection was
    /// lost; so it does not matter whether the server runs already. All requests share four
    /// connections, each session always the same one; `wait_replicas` adds four.
    ///
    /// # Errors
    ///
    /// If the URL is not valid or has an option that the client does not know, or if an option of the
    /// store is not valid.
    pub fn build(self) -> Result<RedisStore, ConfigError> {
        let options = self.options;
        options.check()?;
        let (timeout, waits) = (options.command_timeout, options.replicas.is_some());
        let (link, durable) = match self.server {
            Server::Connection(connection) => {
                let link = Link::given(connection.clone(), timeout);
                (link, waits.then(|| Link::given(connection, timeout)))
            }
            Server::Url(url) => {
                refuse_options(&url)?;
                links(&client(url.as_str(), "the URL of Redis is not valid")?, timeout, waits)
            }
            Server::Client(given) => {
                let info = given.get_connection_info().clone();
                links(&client(info, "the client of Redis is not usable")?, timeout, waits)
            }
        };
        Ok(RedisStore(Arc::new(Inner {
            calls: Calls::new(Names::new(options.prefix), options.tombstone_time),
            link,
            lanes: Lanes::default(),
            durable,
            replicas: options.replicas,
        })))
    }
}

fn links(client: &Client, timeout: Duration, waits: bool) -> (Link, Option<Link>) {
    let link = || Link::new(client.clone(), timeout);
    (link(), waits.then(link))
}

/// Refuses a URL with options that the client would ignore.
fn refuse_options(url: &str) -> Result<(), ConfigError> {
    // What is no URL the client refuses.
    let Some(url) = redis::parse_redis_url(url) else { return Ok(()) };
    let known: &[&str] = match url.scheme().ends_with("unix") {
        true => &["protocol", "db", "user", "pass"],
        false => &["protocol"],
    };
    let mut names = url.query_pairs().map(|(name, _)| name);
    let Some(name) = names.find(|name| !known.contains(&&**name)) else { return Ok(()) };
    let query = url.query().unwrap_or_default();
    // What looks like an option may be a part of a password.
    let option = match query.contains('@') || query.contains("pass=") {
        true => "an option".to_owned(),
        false => format!("the option `{name}`"),
    };
    Err(ConfigError::new(format_args!(
        "the URL of Redis has {option} that its client does not know; options in the URL go with \
         `store::connect`, here use the builder"
    )))
}

/// A client that speaks RESP3, by which connections tell that they were closed.
fn client(server: impl IntoConnectionInfo, message: &str) -> Result<Client, ConfigError> {
    let failed = |error| ConfigError::with_source(message, error);
    let info = server.into_connection_info().map_err(failed)?;
    if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        choose_crypto();
    }
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings)).map_err(failed)
}

/// Without a choice, rustls panics when several providers are compiled in.
pub(super) fn choose_crypto() {
    use rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // Fails if somebody else has chosen meanwhile, which is as good.
        let _ = ring::default_provider().install_default();
    }
}

impl fmt::Debug for RedisStoreBuilder {
    /// Shows no URL, since it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}
