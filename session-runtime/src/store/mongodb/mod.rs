//! Sessions in MongoDB (feature `mongodb`).

mod builder;
mod change;
mod client;
mod document;
mod indexes;
mod operations;
mod ready;
mod url;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::mongodb::bson::Document;
use ::mongodb::bson::oid::ObjectId;
use ::mongodb::{Client, Collection, Database};

pub use self::builder::MongoStoreBuilder;
use self::document::Failure;
use self::ready::Readiness;
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// Keeps sessions in a MongoDB collection, one document each. Clones share the connections.
///
/// A save is one `updateOne` whose filter says that the session is live and holds what the save
/// builds upon; reading is one `find`. Whether a session is live is judged by this process's
/// [`clock`](MongoStoreBuilder::clock), so the machines should agree about the time; the collection's
/// TTL index only removes what ended five minutes ago.
///
/// Writes wait for a majority of the replica set unless the URL or the client says otherwise, and
/// reads go to the primary. The collection must not be sharded, since its unique index is what keeps
/// keys apart. MongoDB 4.2 or later.
///
/// # Retries
///
/// A connection that the store makes itself has `retryWrites=false`, unless the URL says
/// `retryWrites=true`: a write whose answer is lost fails, and nothing is sent twice. With
/// `retryWrites=true` the driver repeats such a write once, and a replica set recognises the second
/// by its transaction number, so it is not applied twice; a standalone server cannot do that, and the
/// driver does not repeat there. A client of your own keeps the setting it has.
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
pub struct MongoStore(Arc<Inner>);

struct Inner {
    collection: Collection<Document>,
    ready: Readiness,
    /// The client, if it was made here.
    own_client: Option<Client>,
    closed: AtomicBool,
    clock: Arc<dyn Clock>,
    tombstone_time: Duration,
    command_timeout: Duration,
}

/// How many expired documents one command deletes.
const SWEEP_BATCH: usize = 1_000;

impl MongoStore {
    /// Connects to the server or replica set that a URL names, with default options otherwise.
    ///
    /// # Errors
    ///
    /// As [`MongoStoreBuilder::open`].
    pub async fn connect(url: &str) -> Result<Self, ConfigError> {
        Self::builder(url).open().await
    }

    /// The server or replica set that a URL names, with options to choose. One that begins with
    /// `mongodb+srv:` needs the feature `dns-resolver` of the crate `mongodb`.
    ///
    /// The URL has the options of MongoDB's connection strings, and `collection`,
    /// `command_timeout_ms` and `tombstone_time_ms`.
    pub fn builder(url: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::at_url(url.into())
    }

    /// The server at `host`, with options to choose.
    pub fn at_host(host: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::at_host(host.into())
    }

    /// The servers that an existing client of the crate `mongodb` (version 3, from 3.9) is connected to,
    /// with options to choose. Set the client's own timeouts too if they are to be shorter than the store's.
    ///
    /// ```no_run
    /// use session_runtime::store::MongoStore;
    ///
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = mongodb::Client::with_uri_str("mongodb://localhost").await?;
    /// let store = MongoStore::with_client(client).database("shop").open().await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_client(client: Client) -> MongoStoreBuilder {
        MongoStoreBuilder::with_client(client)
    }

    /// An existing database of the crate `mongodb` (version 3, from 3.9), with options to choose.
    pub fn with_database(database: Database) -> MongoStoreBuilder {
        MongoStoreBuilder::with_database(database)
    }

    /// Closes the connections, if the store has made them; a client that was given stays as it is.
    /// This store and its clones fail from now on.
    pub async fn close(self) {
        self.0.closed.store(true, Ordering::Relaxed);
        if let Some(client) = self.0.own_client.clone() {
            // Cursors that others still read would be waited for without end.
            client.shutdown().immediate(true).await;
        }
    }

    /// Fails when the time for a command is over.
    async fn in_time<T>(
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
        self.in_time(self.0.load(key)).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        self.in_time(self.0.create(key, record)).await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.in_time(self.0.change(key, patch, None)).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.in_time(self.0.change(from, patch, Some(to))).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.in_time(self.0.delete(key)).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        while removed < limit {
            let batch = SWEEP_BATCH.min(limit - removed);
            let found = self.in_time(self.0.sweep(batch)).await?;
            removed += found.deleted;
            if found.seen < batch {
                break;
            }
        }
        Ok(removed)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.in_time(self.0.list(principal)).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        // Again until nothing is found: a session that signs in while this goes on is ended too. A
        // renewed one stays the same document under the same index entry.
        loop {
            match self.in_time(self.0.bury_all(principal, except)).await? {
                0 => return Ok(ended),
                more => ended += more,
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let after = after.map(|after| ObjectId::parse_str(after.as_str()));
        let after = after.transpose().map_err(|_| Cursor::foreign())?;
        self.in_time(self.0.scan(after, limit.max(1))).await
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("collection", &self.0.collection.namespace().to_string())
            .finish_non_exhaustive()
    }
}
