//! The store and its operations.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::mongodb::bson::Document;
use ::mongodb::bson::oid::ObjectId;
use ::mongodb::{Client, Collection};

use super::document::Failure;
use super::ready::Readiness;
use crate::clock::Clock;
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::contract::{Created, Loaded, Store, Updated};
use crate::store::page::{Cursor, Page, SessionInfo};

/// Keeps sessions in a MongoDB collection, one document each. Clones share the connections.
///
/// A read is one `find`. A save is one `updateOne`: its filter matches only if the session is live
/// and still holds the texts that the patch expects.
///
/// The [`clock`](super::MongoStoreBuilder::clock) of this process decides whether a session is
/// live, so the machines should agree on the time. The TTL index of the collection only removes
/// documents that expired five minutes ago.
///
/// Writes wait for a majority of the replica set unless the URL or the client says otherwise. Reads
/// go to the primary. The collection must not be sharded: its unique index keeps a key from being
/// used twice. MongoDB 4.2 or later.
///
/// # Retries
///
/// A client that the store makes has `retryWrites=false`, unless the URL says `retryWrites=true`.
/// Nothing is sent twice then, and a write whose answer is lost fails.
///
/// With `retryWrites=true` the driver repeats such a write once. A replica set recognises the
/// second one by its transaction number and does not apply it twice. A standalone server cannot do
/// that, and the driver does not repeat there. An existing client keeps its setting.
///
/// ```no_run
/// use session_runtime::store::MongoStore;
///
/// # async fn open() -> Result<(), session_runtime::ConfigError> {
/// let store = MongoStore::connect("mongodb://localhost/shop").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MongoStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) collection: Collection<Document>,
    pub(super) ready: Readiness,
    /// The client, if the store made it.
    pub(super) own_client: Option<Client>,
    pub(super) closed: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tombstone_time: Duration,
    pub(super) command_timeout: Duration,
}

/// How many expired documents a sweep deletes with one command.
const SWEEP_BATCH: usize = 1_000;

impl MongoStore {
    /// Closes the connections, unless they belong to an existing client. This store and its clones
    /// fail from now on.
    pub async fn close(self) {
        self.0.closed.store(true, Ordering::Relaxed);
        if let Some(client) = self.0.own_client.clone() {
            // Immediate: otherwise it waits without a limit for cursors that others still read.
            client.shutdown().immediate(true).await;
        }
    }

    /// Does `work`; fails if that takes longer than the timeout of a command.
    async fn with_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, StoreError> {
        if self.0.closed.load(Ordering::Relaxed) {
            return Err(StoreError::backend("the store was closed"));
        }
        let timeout = self.0.command_timeout;
        let work = async {
            self.0.ready.check(&self.0.collection).await?;
            work.await
        };
        match tokio::time::timeout(timeout, work).await {
            Ok(answer) => answer.map_err(StoreError::backend),
            Err(_) => {
                Err(StoreError::backend(format!("MongoDB did not answer within {timeout:?}")))
            }
        }
    }
}

impl Store for MongoStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.with_timeout(self.0.load(key)).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        self.with_timeout(self.0.create(key, record)).await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.with_timeout(self.0.change(key, patch, None)).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.with_timeout(self.0.change(from, patch, Some(to))).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.with_timeout(self.0.delete(key)).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        while removed < limit {
            let batch = SWEEP_BATCH.min(limit - removed);
            let found = self.with_timeout(self.0.sweep(batch)).await?;
            removed += found.deleted;
            if found.seen < batch {
                break;
            }
        }
        Ok(removed)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.with_timeout(self.0.list(principal)).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let mut deleted = 0;
        // It repeats until it finds nothing, because a session may sign in meanwhile. A renewed
        // session remains the same document with the same index entry, so it is found, too.
        loop {
            match self.with_timeout(self.0.delete_all(principal, except)).await? {
                0 => return Ok(deleted),
                more => deleted += more,
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let after = after.map(|after| ObjectId::parse_str(after.as_str()));
        let after = after.transpose().map_err(|_| Cursor::foreign())?;
        self.with_timeout(self.0.scan(after, limit.max(1))).await
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("collection", &self.0.collection.namespace().to_string())
            .finish_non_exhaustive()
    }
}
