//! The options of the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisResult};

use super::super::builder::choose_crypto;
use super::super::call::Calls;
use super::super::layout::Names;
use super::super::options::Options;
use super::link::ClusterLink;
use super::{Inner, RedisClusterStore};
use crate::error::ConfigError;

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
    cluster: Cluster,
    options: Options,
}

enum Cluster {
    Url(String),
    Client(Box<ClusterClientBuilder>),
    Connection(ClusterConnection),
}

impl RedisClusterStoreBuilder {
    fn new(cluster: Cluster) -> Self {
        Self { cluster, options: Options::default() }
    }

    pub(super) fn url(url: String) -> Self {
        Self::new(Cluster::Url(url))
    }

    pub(super) fn client(client: ClusterClientBuilder) -> Self {
        Self::new(Cluster::Client(client.into()))
    }

    pub(super) fn connection(connection: ClusterConnection) -> Self {
        Self::new(Cluster::Connection(connection))
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

    /// How long one command may take, connecting and finding its server included, before it fails;
    /// what it wrote by then is unknown. The default is 2 seconds. What changes the index of a
    /// principal takes several commands.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.options.command_timeout = timeout;
        self
    }

    /// Lets what ends a session, and what names one in the index of its principal, succeed only when
    /// `count` replicas of its server have acknowledged it, for which each command may take `timeout`
    /// longer. Otherwise a session that was ended can be back after a failover to a replica that had
    /// not heard of it, and `delete_all` can miss one. These commands get connections of their own,
    /// because a server answers nothing else on them meanwhile.
    ///
    /// What a session holds is not waited for: after a failover the last changes of its fields can be
    /// missing, or a session that was new. The default is not to wait.
    pub fn wait_replicas(mut self, count: usize, timeout: Duration) -> Self {
        self.options.wait_replicas(count, timeout);
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request. A renamed one does it for five command
    /// timeouts at least.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.options.tombstone_time = time;
        self
    }

    /// The store. Connects when the first session is asked for, and again whenever a connection was
    /// lost; so it does not matter whether the cluster runs already.
    ///
    /// # Errors
    ///
    /// If the URL is not valid, or an option is not.
    pub fn build(self) -> Result<RedisClusterStore, ConfigError> {
        let Self { cluster, options } = self;
        options.check()?;
        if options.prefix.contains('{') {
            return Err(ConfigError::new(
                "the prefix of a cluster's keys has no `{`, which would put all sessions on one \
                 server",
            ));
        }
        let (timeout, waits) = (options.command_timeout, options.replicas.is_some());
        let links = |client: ClusterClient| {
            let link = || ClusterLink::new(client.clone(), timeout);
            (link(), waits.then(link))
        };
        let (link, durable) = match cluster {
            Cluster::Connection(connection) => {
                let link = || ClusterLink::given(connection.clone(), timeout);
                (link(), waits.then(link))
            }
            Cluster::Url(url) => {
                let nodes = nodes(&url)?;
                let client = client(ClusterClientBuilder::new(nodes), &options);
                links(client.map_err(|error| invalid_url(Some(error)))?)
            }
            Cluster::Client(given) => links(client(*given, &options).map_err(|error| {
                ConfigError::with_source("the client of Redis Cluster is not usable", error)
            })?),
        };
        Ok(RedisClusterStore(Arc::new(Inner {
            calls: Calls::new(Names::spread(options.prefix), options.tombstone_time)
                .moving(timeout.saturating_mul(5)),
            link,
            durable,
            replicas: options.replicas,
        })))
    }
}

/// A client that repeats nothing by itself.
fn client(client: ClusterClientBuilder, options: &Options) -> RedisResult<ClusterClient> {
    let waiting = options.replicas.map_or(Duration::ZERO, |replicas| replicas.timeout);
    client
        .retries(0)
        // Connections tell that they were closed.
        .use_protocol(ProtocolVersion::RESP3)
        // While a server is connected to, none is sent anything.
        .connection_timeout(options.command_timeout / 4)
        .response_timeout(options.command_timeout.saturating_add(waiting))
        // Whoever sends keeps to one timeout for all of it.
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
    // A cluster has one database, so nothing comes after the servers.
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
    let message = "the URL of a Redis Cluster is not valid; it looks like \
        `redis-cluster://user:password@host:6379,host:6379`, with `rediss-cluster:` for TLS";
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
