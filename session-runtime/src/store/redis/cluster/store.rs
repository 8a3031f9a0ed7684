//! Sessions in a Redis Cluster (feature `redis-cluster`).
//!
//! Each script works on one key, since every key may be on another server. So what is one step on one
//! server is several here, in an order that can stop anywhere and leaves neither two live keys of one
//! session nor a live session that its index does not name:
//!
//! - A rename is `take`, which marks the old key as moved to the new one, then `create`.
//! - An entry of an index is written before its session is created, and removed after it has ended. For
//!   a time of grace a second one tells readers that its session may still be coming.
//! - `delete` and `delete_all` follow moved sessions to their new keys. Where one has not arrived yet it leaves a
//!   tombstone, so that it never does.

mod builder;
mod link;
mod scanner;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use futures_util::future::try_join_all;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;

pub use self::builder::RedisClusterStoreBuilder;
use self::link::ClusterLink;
use super::answer::{self, Deleted, Ended, Moved, Taken};
use super::call::{Call, Calls};
use super::wire::{Replicas, Wire};
use super::{layout, lister};
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, Patch, PrincipalOp};
use crate::record::{Principal, Record};
use crate::store::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};

/// Keeps sessions in a cluster of Redis (6.2 or later) or Valkey servers. Clones share the
/// connections.
///
/// A session is the same hash as in a [`RedisStore`](super::RedisStore). Reads go to primaries.
/// A `load`, a `create` of a session that is nobody's, and an `update` that leaves the
/// principal and the absolute deadline alone, are one round trip. What changes the index of a
/// principal takes more of them, since the index may be on another server: signing in takes four.
///
/// While a primary is away and its replica has not taken over yet, its sessions are not available:
/// operations on them wait, until the command timeout, and then fail. A write that was acknowledged
/// can be lost when a primary dies, because replicas get it a moment later;
/// [`wait_replicas`](RedisClusterStoreBuilder::wait_replicas) excludes that for what ends sessions.
///
/// If a server fails in the middle of a renewal, the operation fails and the session may have ended; its
/// visitor signs in again.
///
/// Set `maxmemory-policy noeviction` for the servers, as for one server. Whoever may use their ACL
/// gives the user `~session:* +hello +ping +cluster|slots +asking +eval +evalsha +wait +time +exists
/// +del +pexpire +pexpireat +@hash +@sortedset`; for [`scan`](Store::scan) also `+scan +info
/// +cluster|nodes`. A scan fails if slots move, or a replica takes over, before it has ended.
///
/// An index entry of a session that was not used any more, or never came to be, stays until somebody
/// lists the principal's sessions, or until the session's absolute deadline.
///
/// Must be used within a tokio runtime. Times beyond the year 10000 are kept as that one, idle timeouts
/// beyond 17 years as 17 years, and what an absolute timeout has beyond the idle one as 34 years at most.
///
/// ```no_run
/// use session_runtime::store::{Loaded, RedisClusterStore, Store};
/// use session_runtime::StoreKey;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisClusterStore::open("redis-cluster://10.0.0.1:6379,10.0.0.2:6379")?;
/// assert_eq!(store.load(&StoreKey::from_bytes([7; 16])).await?, Loaded::Absent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisClusterStore(Arc<Inner>);

struct Inner {
    calls: Calls,
    link: ClusterLink,
    /// For what waits for replicas.
    durable: Option<ClusterLink>,
    replicas: Option<Replicas>,
}

impl RedisClusterStore {
    /// The cluster at `url`, with default options: `redis-cluster://user:password@host:port,host:port`
    /// names one server or several, of which one must be there; `rediss-cluster://` is the same over
    /// TLS, which trusts the system's certificates.
    ///
    /// Connects when the first session is asked for.
    ///
    /// # Errors
    ///
    /// As [`RedisClusterStoreBuilder::build`].
    pub fn open(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// The cluster at `url`, with options to choose.
    pub fn builder(url: impl Into<String>) -> RedisClusterStoreBuilder {
        RedisClusterStoreBuilder::url(url.into())
    }

    /// The cluster of a client of the crate `redis` (version 1, from 1.8), such as one with certificates of its own. The
    /// store opens its own connections, with its own timeouts and without the client's repetitions.
    /// The client must not read from replicas.
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

    /// The cluster of a connection of the crate `redis` (version 1, from 1.8), which the store shares.
    ///
    /// It must have been made by a client with `retries(0)`, which the store cannot see. Otherwise the
    /// client sends a write again whose answer it has missed, and a counter may count one visit
    /// several times. It must not read from replicas either. With
    /// [`wait_replicas`](RedisClusterStoreBuilder::wait_replicas) it should be used for nothing else.
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

    async fn call(&self, call: &Call) -> Result<redis::Value, StoreError> {
        self.0.link.call(call, None).await
    }

    /// Runs what ends a session under a key, or names one in an index, for which replicas may have to
    /// be waited for.
    async fn call_durably(&self, call: &Call) -> Result<redis::Value, StoreError> {
        self.0.durable.as_ref().unwrap_or(&self.0.link).call(call, self.0.replicas).await
    }

    async fn forget(&self, principal: &[u8], key: &StoreKey) -> Result<(), StoreError> {
        self.call(&self.0.calls.forget(principal, &[*key], false)).await?;
        Ok(())
    }

    /// Removes entries without a session, but for those that may be ahead of one.
    async fn forget_dead(&self, principal: &[u8], keys: &[StoreKey]) -> Result<(), StoreError> {
        if !keys.is_empty() {
            self.call(&self.0.calls.forget(principal, keys, true)).await?;
        }
        Ok(())
    }

    /// Creates a session that an index names from before it is there.
    async fn create_named(
        &self,
        principal: &[u8],
        key: &StoreKey,
        record: &Record,
        instead_of: Option<&StoreKey>,
    ) -> Result<Created, StoreError> {
        let enter = |ahead, instead_of| {
            self.0.calls.enter(principal, key, record.deadline, ahead, instead_of)
        };
        self.call_durably(&enter(true, None)).await?;
        let created = answer::created(&self.call(&self.0.calls.create(key, record)).await?)?;
        self.call_durably(&enter(false, instead_of)).await?;
        Ok(created)
    }

    /// Applies a patch that moves the session from one index to another, or changes how long its
    /// entry must last.
    async fn update_named(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let Loaded::Live(before) = self.load(key).await? else { return Ok(Updated::Gone) };
        let left = before.principal.as_ref().map(layout::principal);
        let entered = match &patch.principal {
            PrincipalOp::Keep => left.clone(),
            PrincipalOp::Set(principal) => Some(layout::principal(principal)),
            PrincipalOp::Clear => None,
        };
        let deadline = match patch.expiry {
            ExpiryOp::SetLifetime { deadline, .. } => deadline,
            ExpiryOp::Keep | ExpiryOp::Extend(_) => before.deadline,
        };
        if let Some(principal) = &entered {
            let enter = self.0.calls.enter(principal, key, deadline, false, None);
            self.call_durably(&enter).await?;
        }
        let call = self.0.calls.update(&self.0.calls.names.session(key), patch);
        let updated = answer::updated(self.call(&call).await?)?;
        let unused = if updated == Updated::Applied { &left } else { &entered };
        if let Some(principal) = unused
            && left != entered
        {
            self.forget(principal, key).await?;
        }
        Ok(updated)
    }

    /// Ends a session of a principal, wherever it has moved; answers the keys that it was not found
    /// under any more, and whether it was found.
    async fn end(
        &self,
        principal: &[u8],
        mut key: StoreKey,
        spared: Option<&StoreKey>,
    ) -> Result<(Option<StoreKey>, bool), StoreError> {
        let mut moved = false;
        loop {
            let call = self.0.calls.end(&key, principal, moved);
            match answer::end(self.call_durably(&call).await?)? {
                Ended::Now => return Ok((Some(key), true)),
                Ended::Nothing => return Ok((Some(key), false)),
                Ended::Other => return Ok((None, false)),
                // Its entry is left to whoever moves it, so that others can follow it too.
                Ended::Moved(to) if Some(&to) == spared => return Ok((None, false)),
                Ended::Moved(to) => (key, moved) = (to, true),
            }
        }
    }
}

impl Store for RedisClusterStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        answer::loaded(self.0.link.hash(&self.0.calls.names.session(key)).await?)
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        match &record.principal {
            Some(principal) => {
                self.create_named(&layout::principal(principal), key, record, None).await
            }
            None => answer::created(&self.call(&self.0.calls.create(key, record)).await?),
        }
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let is_plain = patch.principal == PrincipalOp::Keep
            && matches!(patch.expiry, ExpiryOp::Keep | ExpiryOp::Extend(_));
        if !is_plain {
            return self.update_named(key, patch).await;
        }
        let call = self.0.calls.update(&self.0.calls.names.session(key), patch);
        answer::updated(self.call(&call).await?)
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let take = self.0.calls.take(from, to, patch);
        let Moved { record, left, again } = match answer::taken(self.call_durably(&take).await?)? {
            Taken::Moved(moved) => *moved,
            Taken::Refused(updated) => return Ok(updated),
        };
        let entered = record.principal.as_ref().map(layout::principal).unwrap_or_default();
        let stays = entered == left;
        let created = match entered.is_empty() {
            true => answer::created(&self.call(&self.0.calls.create(to, &record)).await?)?,
            false => self.create_named(&entered, to, &record, stays.then_some(from)).await?,
        };
        if !stays && !left.is_empty() {
            self.forget(&left, from).await?;
        }
        match created {
            Created::Created => Ok(Updated::Applied),
            Created::Exists => match self.load(to).await? {
                // `delete_all` came in between.
                Loaded::Gone | Loaded::Absent => Ok(Updated::Gone),
                Loaded::Live(_) if again => Ok(Updated::Applied),
                Loaded::Live(_) => Err(answer::in_use()),
            },
        }
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let (mut key, mut call) = (*key, self.0.calls.delete(key));
        loop {
            match answer::deleted(self.call_durably(&call).await?)? {
                Deleted::From(principal) => return self.forget(&principal, &key).await,
                Deleted::Now => return Ok(()),
                // Where it has not arrived yet the tombstone sees to it that it never does.
                Deleted::Moved(to) => (key, call) = (to, self.0.calls.delete_moved(&to)),
            }
        }
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let listed = lister::list(&self.0.link, &self.0.calls, principal).await?;
        self.forget_dead(&layout::principal(principal), &listed.dead).await?;
        Ok(listed.live)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let principal = layout::principal(principal);
        let mut seen: HashSet<StoreKey> = except.copied().into_iter().collect();
        let mut total = 0;
        loop {
            let mut keys = lister::indexed(&self.0.link, &self.0.calls, &principal).await?;
            keys.retain(|key| seen.insert(*key));
            if keys.is_empty() {
                return Ok(total);
            }
            for batch in keys.chunks(lister::BATCH) {
                let ends = batch.iter().map(|key| self.end(&principal, *key, except));
                let ends = try_join_all(ends).await?;
                total += ends.iter().filter(|(_, ended)| *ended).count();
                let dead: Vec<_> = ends.into_iter().filter_map(|(key, _)| key).collect();
                self.forget_dead(&principal, &dead).await?;
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        scanner::page(&self.0.link, &self.0.calls, after, limit).await
    }
}

impl fmt::Debug for RedisClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClusterStore").finish_non_exhaustive()
    }
}
