//! Sessions in MongoDB (feature `mongodb`).

mod builder;
mod change;
mod document;
mod indexes;
mod ready;
mod url;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::mongodb::bson::oid::ObjectId;
use ::mongodb::bson::{Bson, Document, doc};
use ::mongodb::error::{Error, ErrorKind, WriteFailure};
use ::mongodb::{Client, Collection, Database};

pub use self::builder::MongoStoreBuilder;
use self::change::{Change, Move, stored_under};
use self::document::{Failure, binary, bury, date};
use self::ready::Readiness;
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::clock::{Clock, Timestamp};
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
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

struct Swept {
    seen: usize,
    deleted: usize,
}

impl Inner {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, Failure> {
        match self.collection.find_one(doc! { "keys": binary(key) }).await? {
            Some(found) => document::read(key, &found, self.clock.now()),
            None => Ok(Loaded::Absent),
        }
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, Failure> {
        let document = document::live(key, record);
        match self.collection.insert_one(&document).await {
            Ok(_) => return Ok(Created::Created),
            Err(error) if !is_duplicate(&error) => return Err(error.into()),
            Err(_) => {}
        }
        // Nothing was inserted. What is there may have expired without being removed yet.
        let expired = doc! {
            "keys": binary(key),
            "expires_at": { "$lte": date(self.clock.now()) },
            // A session under another key by now, or ended: this was one of its former keys.
            "$or": [{ "key": binary(key) }, { "key": { "$exists": false } }],
        };
        let replaced = self.collection.replace_one(expired, &document).await?;
        Ok(if replaced.matched_count == 1 { Created::Created } else { Created::Exists })
    }

    /// Applies a patch, and moves the session if there is somewhere to move it to.
    async fn change(
        &self,
        key: &StoreKey,
        patch: &Patch,
        to: Option<&StoreKey>,
    ) -> Result<Updated, Failure> {
        loop {
            let now = self.clock.now();
            let to = to.map(|to| Move { to, gone_until: now + self.tombstone_time });
            if let Some(change) = Change::unseen(key, patch, to, now)
                && self.apply(change).await?
            {
                return Ok(Updated::Applied);
            }
            // It is known that nothing was written, but not why.
            let Loaded::Live(before) = self.load(key).await? else { return Ok(Updated::Gone) };
            let mut after = before.clone();
            match patch.apply(&mut after) {
                Applied::Conflict => return Ok(Updated::Conflict(before)),
                Applied::Mismatch(field) => return Ok(Updated::Mismatch(field)),
                Applied::Applied => {}
            }
            let now = self.clock.now();
            if self.apply(Change::seen(key, patch, to, now, &before, &after)).await? {
                return Ok(Updated::Applied);
            }
            // Somebody else changed the session in between, so all of them together get on.
        }
    }

    /// Answers whether the filter matched; a document that was changed to what it is counts too.
    async fn apply(&self, change: Change) -> Result<bool, Failure> {
        match self.collection.update_one(change.filter, change.update).await {
            Ok(result) => Ok(result.matched_count == 1),
            Err(error) if is_duplicate(&error) => {
                Err("the session cannot be renamed to a key in use".into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), Failure> {
        let mut key = *key;
        while !self.bury(&key).await? {
            match self.moved(&key).await? {
                Some(to) => key = to,
                None => return self.insert_tombstone(&key).await,
            }
        }
        Ok(())
    }

    /// Where the session under `key` has moved, as long as its tombstone tells.
    async fn moved(&self, key: &StoreKey) -> Result<Option<StoreKey>, Failure> {
        let Some(found) = self.collection.find_one(doc! { "keys": binary(key) }).await? else {
            return Ok(None);
        };
        match document::read(key, &found, self.clock.now())? {
            Loaded::Gone => document::moved(key, &found),
            Loaded::Live(_) | Loaded::Absent => Ok(None),
        }
    }

    async fn insert_tombstone(&self, key: &StoreKey) -> Result<(), Failure> {
        let tombstone = document::tombstone(key, self.clock.now() + self.tombstone_time);
        match self.collection.insert_one(tombstone).await {
            // There is a tombstone already, or a session was created at this moment.
            Err(error) if is_duplicate(&error) => self.bury(key).await.map(drop),
            inserted => Ok(inserted.map(drop)?),
        }
    }

    async fn bury(&self, key: &StoreKey) -> Result<bool, Failure> {
        let until = self.clock.now() + self.tombstone_time;
        let result = self.collection.update_one(stored_under(key), bury(until)).await?;
        Ok(result.matched_count == 1)
    }

    async fn bury_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, Failure> {
        let now = self.clock.now();
        let mut filter = sessions_of(principal, now);
        if let Some(except) = except {
            filter.insert("key", doc! { "$ne": binary(except) });
        }
        let result = self.collection.update_many(filter, bury(now + self.tombstone_time)).await?;
        Ok(usize::try_from(result.matched_count)?)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, Failure> {
        let mut found = self.collection.find(sessions_of(principal, self.clock.now())).await?;
        let mut infos = Vec::new();
        while found.advance().await? {
            let document = found.deserialize_current()?;
            if let Some(key) = document::current_key(&document)? {
                infos.push(SessionInfo { key, record: document::record(&document)? });
            }
        }
        Ok(infos)
    }

    /// In the order of `_id`, which a session keeps for life, also when it is renamed.
    async fn scan(&self, after: Option<ObjectId>, limit: usize) -> Result<Page, Failure> {
        let filter = after.map_or(Document::new(), |after| doc! { "_id": { "$gt": after } });
        let find = self.collection.find(filter).sort(doc! { "_id": 1 });
        let mut found = find.limit(i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        let now = self.clock.now();
        let (mut sessions, mut read, mut last) = (Vec::new(), 0, None);
        while found.advance().await? {
            let document = found.deserialize_current()?;
            (read, last) = (read + 1, Some(document.get_object_id("_id")?));
            if let Some(key) = document::current_key(&document)? {
                let record = document::record(&document)?;
                if record.is_live(now) {
                    sessions.push(SessionInfo { key, record });
                }
            }
        }
        let next = last.filter(|_| read == limit);
        Ok(Page { sessions, next: next.map(|last| Cursor::new(last.to_hex())) })
    }

    async fn sweep(&self, batch: usize) -> Result<Swept, Failure> {
        let now = date(self.clock.now());
        let mut expired = doc! {
            "expires_at": { "$lte": now },
            // The tombstone of a key that it had before may last longer than the session.
            "ended": { "$not": { "$gt": now } },
        };
        let limit = i64::try_from(batch)?;
        let mut found = self
            .collection
            .find(expired.clone())
            .projection(doc! { "_id": 1 })
            .limit(limit)
            .await?;
        let mut ids = Vec::new();
        while found.advance().await? {
            ids.extend(found.deserialize_current()?.remove("_id"));
        }
        if ids.is_empty() {
            return Ok(Swept { seen: 0, deleted: 0 });
        }
        let seen = ids.len();
        expired.insert("_id", doc! { "$in": Bson::Array(ids) });
        let deleted = self.collection.delete_many(expired).await?.deleted_count;
        Ok(Swept { seen, deleted: usize::try_from(deleted)? })
    }
}

fn sessions_of(principal: &Principal, now: Timestamp) -> Document {
    doc! {
        "principal.key": { "$eq": principal.key() },
        "principal.value": { "$eq": principal.value() },
        "expires_at": { "$gt": date(now) },
    }
}

/// Whether the unique index refused the write, which then changed nothing.
fn is_duplicate(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == 11000)
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("collection", &self.0.collection.namespace().to_string())
            .finish_non_exhaustive()
    }
}
