//! [`RedisClusterStore`]: the store for a cluster.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::answer::{Deleted, Moved, MovedOut, deleted, moved_out};
use super::scan;
use super::steps::Cluster;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, Patch, PrincipalOp};
use crate::record::{Principal, Record};
use crate::store::redis::answer::in_use;
use crate::store::redis::{layout, list};
use crate::store::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};

/// Keeps sessions in a cluster of Redis (6.2 or later) or Valkey servers.
///
/// Clones share the connections. A session is the same hash as in a
/// [`RedisStore`](crate::store::RedisStore). Reads go to primaries.
///
/// One round trip is enough for a `load`, for a `create` of a session without a principal, and for
/// an `update` that changes neither the principal nor the absolute deadline. The index of a
/// principal may be on another server than the session, so changes of it take more round trips:
/// signing in takes four.
///
/// While a primary is down and its replica has not taken over yet, its sessions are not available.
/// Operations on them wait for up to the command timeout, and then fail. When a primary dies, an
/// acknowledged write can be lost, because replicas get it a moment later.
/// [`wait_replicas`](super::RedisClusterStoreBuilder::wait_replicas) prevents that for deletions
/// and renames.
///
/// If a server fails in the middle of a renewal, the operation fails and the session may be gone.
/// Then the visitor must sign in again.
///
/// Set `maxmemory-policy noeviction` for the servers, as for one server.
///
/// If the servers have an ACL, the user needs `~session:* +hello +ping +cluster|slots +asking +eval
/// +evalsha +wait +time +exists +del +pexpire +pexpireat +@hash +@sortedset`. [`scan`](Store::scan)
/// also needs `+scan +info +cluster|nodes`. A scan fails if slots move or a replica takes over
/// before its end.
///
/// An index entry can remain when its session expires early because nobody uses it, or when its
/// session was never created. The entry stays until somebody lists the principal's sessions, or
/// until the session's absolute deadline.
///
/// The store must be used within a tokio runtime. It has these limits: times after the year 10000
/// are stored as that year, idle timeouts of more than 17 years as 17 years, and an absolute
/// timeout is at most 34 years longer than the idle one.
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
pub struct RedisClusterStore(Arc<Cluster>);

impl RedisClusterStore {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self(Arc::new(cluster))
    }
}

impl Store for RedisClusterStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.0.load(key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        match &record.principal {
            Some(principal) => {
                self.0.create_indexed(&layout::principal(principal), key, record, None).await
            }
            None => self.0.create(key, record).await,
        }
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let keeps_index = patch.principal == PrincipalOp::Keep
            && matches!(patch.expiry, ExpiryOp::Keep | ExpiryOp::Extend(_));
        match keeps_index {
            true => self.0.update(key, patch).await,
            false => self.0.update_indexed(key, patch).await,
        }
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let cluster = &*self.0;
        let move_out = cluster.operations.move_out(from, to, patch);
        let moved = match moved_out(cluster.call_durably(&move_out).await?)? {
            MovedOut::Moved(moved) => *moved,
            MovedOut::Refused(updated) => return Ok(updated),
        };
        let Moved { record, old_principal: old, is_repeated } = moved;
        let new = record.principal.as_ref().map(layout::principal).unwrap_or_default();
        let same_index = new == old;
        let created = match new.is_empty() {
            true => cluster.create(to, &record).await?,
            false => {
                let replaced = same_index.then_some(from);
                cluster.create_indexed(&new, to, &record, replaced).await?
            }
        };
        if !same_index && !old.is_empty() {
            cluster.remove_from_index(&old, from).await?;
        }
        match created {
            Created::Created => Ok(Updated::Applied),
            Created::Exists => match self.load(to).await? {
                // Meanwhile the session was deleted at its new key.
                Loaded::Gone | Loaded::Absent => Ok(Updated::Gone),
                Loaded::Live(_) if is_repeated => Ok(Updated::Applied),
                Loaded::Live(_) => Err(in_use()),
            },
        }
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let cluster = &*self.0;
        let (mut key, mut call) = (*key, cluster.operations.shared.delete(key));
        loop {
            match deleted(cluster.call_durably(&call).await?)? {
                Deleted::Of(principal) => return cluster.remove_from_index(&principal, &key).await,
                Deleted::OfNobody => return Ok(()),
                // If it has not arrived there yet, the tombstone prevents that it does.
                Deleted::Moved(to) => (key, call) = (to, cluster.operations.delete_moved(&to)),
            }
        }
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let Cluster { connections, operations, .. } = &*self.0;
        let listed = list::list(connections, &operations.shared, principal).await?;
        self.0.remove_unused(&layout::principal(principal), &listed.without_session).await?;
        Ok(listed.live)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let principal = layout::principal(principal);
        let Cluster { connections, operations, .. } = &*self.0;
        let mut seen: HashSet<StoreKey> = except.copied().into_iter().collect();
        let mut total = 0;
        loop {
            let mut keys = list::index_keys(connections, &operations.shared, &principal).await?;
            keys.retain(|key| seen.insert(*key));
            if keys.is_empty() {
                return Ok(total);
            }
            for chunk in keys.chunks(list::CHUNK) {
                let delete = |key: &StoreKey| self.0.delete_owned(&principal, *key, except);
                let outcomes = try_join_all(chunk.iter().map(delete)).await?;
                total += outcomes.iter().filter(|outcome| outcome.is_deleted).count();
                let unused: Vec<_> =
                    outcomes.into_iter().filter_map(|outcome| outcome.unused).collect();
                self.0.remove_unused(&principal, &unused).await?;
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Cluster { connections, operations, .. } = &*self.0;
        scan::page(connections, &operations.shared, after, limit).await
    }
}

impl fmt::Debug for RedisClusterStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClusterStore").finish_non_exhaustive()
    }
}
