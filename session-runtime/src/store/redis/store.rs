//! [`RedisStore`]: the store for one server.

use std::fmt;

use super::answer;
use super::batch::Batcher;
use super::server::Server;
use super::{layout, list, scan};
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};

/// Keeps sessions in one Redis (6.2 or later) or Valkey server, or in a primary with replicas.
///
/// Clones share four connections. A session is one hash. The server deletes it in the millisecond
/// in which it expires. A load is one `HGETALL`. A `create`, `update`, `rename` or `delete` is one
/// call of a script, so it is atomic. When many requests are in flight, up to 200 updates of one
/// field each share a call, and each has its own outcome. Reads go to the primary: the store
/// refuses to use a replica.
///
/// Set `maxmemory-policy noeviction` for the server. Any other policy evicts sessions and
/// tombstones when memory runs out. Without its tombstone, a deleted session is not known as
/// deleted any more.
///
/// The server's persistence (`appendfsync`) decides which writes a crash can lose.
/// [`wait_replicas`](super::RedisStoreBuilder::wait_replicas) decides which writes a failover can
/// lose.
///
/// If the server has an ACL, the user needs `~session:* +hello +role +eval +evalsha +wait +time
/// +exists +rename +del +pexpire +pexpireat +@hash +@sortedset`. A database other than 0 needs
/// `+select` too, and [`scan`](Store::scan) needs `+scan +info`.
///
/// The store must be used within a tokio runtime. It has these limits: times after the year 10000
/// are stored as that year, idle timeouts of more than 17 years as 17 years, and an absolute
/// timeout is at most 34 years longer than the idle one.
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
pub struct RedisStore(Batcher);

impl RedisStore {
    pub(super) fn new(server: Server) -> Self {
        Self(Batcher::new(server))
    }

    fn server(&self) -> &Server {
        self.0.server()
    }
}

impl Store for RedisStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.0.load(key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let server = self.server();
        answer::created(&server.call(&server.operations.create(key, record)).await?)
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.0.update(key, patch).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let server = self.server();
        answer::updated(server.call_durably(&server.operations.rename(from, to, patch)).await?)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let server = self.server();
        server.call_durably(&server.operations.delete(key)).await?;
        Ok(())
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let Server { connections, operations, .. } = self.server();
        Ok(list::list(connections, operations, principal).await?.live)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let server = self.server();
        let call = server.operations.delete_all(&layout::principal(principal), except);
        let mut total = 0;
        loop {
            let (deleted, left) = answer::deleted_and_left(&server.call_durably(&call).await?)?;
            total += deleted;
            if left == 0 {
                return Ok(total);
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let Server { connections, operations, .. } = self.server();
        scan::page(connections, operations, after, limit).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}
