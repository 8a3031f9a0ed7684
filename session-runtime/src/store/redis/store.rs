//! Sessions in Redis or Valkey (feature `redis`).

mod answer;
mod builder;
mod call;
#[cfg(feature = "redis-cluster")]
mod cluster;
mod lanes;
mod layout;
mod link;
mod lister;
mod message;
mod options;
mod scanner;
mod script;
mod shared;
mod url;
#[cfg(feature = "webdis")]
mod webdis;
mod wire;

use std::fmt;
use std::sync::Arc;

use redis::aio::ConnectionManager;

pub use self::builder::RedisStoreBuilder;
use self::call::Calls;
#[cfg(feature = "redis-cluster")]
pub use self::cluster::{RedisClusterStore, RedisClusterStoreBuilder};
use self::lanes::Lanes;
use self::link::Link;
pub(super) use self::url::builder as of_url;
#[cfg(feature = "redis-cluster")]
pub(super) use self::url::cluster_builder as cluster_of_url;
#[cfg(feature = "webdis")]
pub(super) use self::webdis::of_url as webdis_of_url;
#[cfg(feature = "webdis")]
pub use self::webdis::{WebdisStore, WebdisStoreBuilder};
use self::wire::{Replicas, Wire};
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// Keeps sessions in one Redis (6.2 or later) or Valkey server, or a primary with its replicas.
/// Clones share its four connections.
///
/// A session is a hash, which the server ends by itself to the millisecond. A load is one `HGETALL`,
/// everything else one call of a script, so that each is one step. When many requests are under way, up to
/// 200 updates of one field each share a call, each with an outcome of its own. Reads go to the primary: a
/// connection to a replica is refused.
///
/// Set `maxmemory-policy noeviction` for the server. Any other one ends sessions, or forgets that
/// they were ended, when memory runs out. What a crash of the server may take back depends on its
/// persistence (`appendfsync`), and after a failover on
/// [`wait_replicas`](RedisStoreBuilder::wait_replicas).
///
/// Whoever may use the server's ACL gives the user `~session:*` and `+hello +role +eval +evalsha
/// +wait +time +exists +rename +del +pexpire +pexpireat +@hash +@sortedset`; for a database other than 0
/// also `+select`, and for [`scan`](Store::scan) `+scan +info`.
///
/// Must be used within a tokio runtime. Times beyond the year 10000 are kept as that one, idle timeouts
/// beyond 17 years as 17 years, and what an absolute timeout has beyond the idle one as 34 years at most.
///
/// ```no_run
/// use session_runtime::store::{Loaded, RedisStore, Store};
/// use session_runtime::StoreKey;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::open("redis://127.0.0.1:6379")?;
/// assert_eq!(store.load(&StoreKey::from_bytes([7; 16])).await?, Loaded::Absent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    calls: Calls,
    link: Link,
    lanes: Lanes,
    /// For what waits for replicas.
    durable: Option<Link>,
    replicas: Option<Replicas>,
}

impl RedisStore {
    /// The server at `url`, with default options: `redis://user:password@host:port/database`,
    /// `rediss://` for TLS, which trusts the system's certificates, or
    /// `redis+unix:///run/redis.sock?db=2` for a Unix socket.
    ///
    /// Connects when the first session is asked for.
    ///
    /// # Errors
    ///
    /// As [`RedisStoreBuilder::build`].
    pub fn open(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// The server at `url`, with options to choose.
    pub fn builder(url: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder::url(url.into())
    }

    /// The server of a client of the crate `redis` (version 1, from 1.8), such as one with certificates of its own. The
    /// store opens its own connections.
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

    /// The server of a connection of the crate `redis` (version 1, from 1.8), which the store shares. That it is a primary
    /// is the caller's to see to; with [`wait_replicas`](RedisStoreBuilder::wait_replicas) it should
    /// be used for nothing else.
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

    /// Runs what ends a session under a key, for which replicas may have to be waited for.
    async fn call_durably(&self, call: &call::Call) -> Result<redis::Value, StoreError> {
        self.0.durable.as_ref().unwrap_or(&self.0.link).call(call, self.0.replicas).await
    }
}

impl Store for RedisStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        lanes::load(&self.0, key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let call = self.0.calls.create(key, record);
        answer::created(&self.0.link.call(&call, None).await?)
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        lanes::update(&self.0, key, patch).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        answer::updated(self.call_durably(&self.0.calls.rename(from, to, patch)).await?)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.call_durably(&self.0.calls.delete(key)).await?;
        Ok(())
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(lister::list(&self.0.link, &self.0.calls, principal).await?.live)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let call = self.0.calls.delete_all(&layout::principal(principal), except);
        let mut total = 0;
        loop {
            let (ended, left) = answer::ended(&self.call_durably(&call).await?)?;
            total += ended;
            if left == 0 {
                return Ok(total);
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        scanner::page(&self.0.link, &self.0.calls, after, limit).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}
