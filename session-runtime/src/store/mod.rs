//! The contract between sessions and the places that keep them.
//!
//! A driver implements [`Store`] in one file and proves it with the `conformance` suite (feature
//! `conformance`).

mod any;
mod connect;
mod memory;
mod migrating;
#[cfg(feature = "mongodb")]
mod mongodb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod scan;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;

use std::sync::Arc;

use crate::record::SharedStr;

pub use self::any::AnyStore;
pub use self::connect::{connect, connect_existing};
pub use self::memory::{MemoryStore, MemoryStoreBuilder};
pub use self::migrating::MigratingStore;
#[cfg(feature = "mongodb")]
pub use self::mongodb::{MongoStore, MongoStoreBuilder};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresStore, PostgresStoreBuilder};
#[cfg(feature = "redis-cluster")]
pub use self::redis::{RedisClusterStore, RedisClusterStoreBuilder};
#[cfg(feature = "redis")]
pub use self::redis::{RedisStore, RedisStoreBuilder};
#[cfg(feature = "webdis")]
pub use self::redis::{WebdisStore, WebdisStoreBuilder};
pub use self::scan::{Cursor, Page};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteStore, SqliteStoreBuilder, Synchronous};
use crate::clock::Timestamp;
pub use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// How long the stores keep a tombstone unless told otherwise.
pub(crate) const TOMBSTONE_TIME: std::time::Duration = std::time::Duration::from_secs(60);

/// What [`Store::load`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The session is live.
    Live(Record),
    /// The session was deleted or renamed a short while ago.
    Gone,
    /// Nothing is known of it, or it has expired.
    Absent,
}

/// What became of [`Store::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// The record is stored.
    Created,
    /// A live record or a tombstone is there already; nothing changed.
    Exists,
}

/// What became of [`Store::update`] or [`Store::rename`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Updated {
    /// The patch is applied.
    Applied,
    /// A `Replace` found another text: the current record; nothing changed.
    Conflict(Record),
    /// The field with this key holds no integer, so `Add` cannot work on it; nothing changed.
    Mismatch(SharedStr),
    /// The session is not live: deleted, renamed, expired or never there.
    Gone,
}

/// One live session of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// The key it is stored under.
    pub key: StoreKey,
    /// What is stored.
    pub record: Record,
}

impl SessionInfo {
    /// The session's id as text, what [`Session::id`](crate::Session::id) answers within it.
    pub fn id(&self) -> String {
        self.key.to_string()
    }

    /// When it was last used, as exactly as the throttled touch knows.
    pub fn last_seen(&self) -> Timestamp {
        let idle = crate::clock::whole_millis(self.record.lifetime.idle);
        let touched = self.record.expires_at.as_millis().saturating_sub(idle);
        Timestamp::from_millis(touched).max(self.record.created_at)
    }
}

/// Keeps sessions: the contract every backend fulfils.
///
/// Rules. The conformance suite checks what it can in seconds: not how long a tombstone lasts, when an index entry
/// goes, how soon a sweep removes what has expired, the exact millisecond in which that is, and what `Err` means.
///
/// - [`update`](Self::update) touches only live records and never creates one;
///   [`create`](Self::create) never overwrites a live one. Both are one atomic step.
/// - Concurrent patches of different fields all survive, deltas add up exactly, and of two `Replace`
///   of one old text one wins. [`Patch::apply`] says what a patch does.
/// - [`delete`](Self::delete) and [`rename`](Self::rename) leave a tombstone for 60 seconds:
///   meanwhile [`load`](Self::load) and `update` answer `Gone`. It tells a request that was
///   overtaken by a login or logout from a stranger.
/// - The tombstone of a `rename` knows where the session is, and a `delete` of the old key ends it
///   there: no logout is undone by a renewal that was a moment faster. Unless the rename
///   [signs somebody in](Patch::signs_in): a logout from before that is not about them.
/// - `rename` moves the record and applies the patch in one atomic step; its old key is dead
///   afterwards. Where a backend cannot, it marks the old key as moved first and creates the new one
///   then, each safe to repeat: there are never two live keys.
/// - A record is absent from the millisecond it expires on.
/// - [`list`](Self::list) shows every live session of a principal. After
///   [`delete_all`](Self::delete_all) none of those it should end is live, nor any that was renamed
///   meanwhile. No index entry outlives its session for long.
/// - [`scan`](Self::scan) shows every session that is live under one key from its first page to its
///   last.
/// - `Err` means that the backend failed; of a write it means "outcome unknown". A store repeats a
///   write by itself only if the backend proved that it was not executed.
///
/// Implementations write `async fn`; the futures must be `Send`.
///
/// ```
/// use session_runtime::store::{Created, Loaded, MemoryStore, Store};
/// # use session_runtime::{StoreKey, Timestamp, record::{Fields, Lifetime, Record}};
/// # use std::time::{Duration, SystemTime};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let now = Timestamp::from(SystemTime::now());
/// # let record = Record { fields: Fields::default(), created_at: now,
/// #     expires_at: now + Duration::from_secs(60), deadline: now + Duration::from_secs(60),
/// #     lifetime: Lifetime { idle: Duration::from_secs(60), persistent: false },
/// #     principal: None };
/// let store = MemoryStore::new();
/// let key = StoreKey::from_bytes([1; 16]);
/// assert_eq!(store.create(&key, &record).await?, Created::Created);
/// assert_eq!(store.load(&key).await?, Loaded::Live(record));
/// store.delete(&key).await?;
/// assert_eq!(store.load(&key).await?, Loaded::Gone);
/// # Ok(())
/// # }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Looks the record up.
    fn load(&self, key: &StoreKey) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Stores a new record and indexes it by its principal.
    fn create(
        &self,
        key: &StoreKey,
        record: &Record,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Applies a patch to a live record.
    fn update(
        &self,
        key: &StoreKey,
        patch: &Patch,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Applies a patch to the live record at `from` and moves it to `to`.
    ///
    /// If a live record or a tombstone is at `to`, which does not happen to random keys, the answer is `Err` and
    /// nothing has changed; where a rename takes two steps, the session may have ended.
    fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Ends a session, also where a rename that signed nobody in has moved it, and leaves a tombstone, also
    /// where there was nothing.
    fn delete(&self, key: &StoreKey) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes up to `limit` expired records and tombstones; answers how many it removed. Fewer than
    /// `limit` means that none is left, but for some that a store leaves for later. Stores whose server
    /// expires records need not have it.
    fn sweep(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = limit;
        async { Err(StoreError::unsupported()) }
    }

    /// Every live session of `principal`, in no particular order. Implement
    /// [`delete_all`](Self::delete_all) with it: the conformance suite checks each by the other.
    fn list(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Vec<SessionInfo>, StoreError>> + Send {
        let _ = principal;
        async { Err(StoreError::unsupported()) }
    }

    /// Ends every session of `principal` but the one stored under `except`; answers how many it
    /// ended.
    fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = (principal, except);
        async { Err(StoreError::unsupported()) }
    }

    /// Some of the live sessions, in no particular order: the first page, or the one that begins at
    /// `after`. When [`Page::next`] is `None` the scan is over.
    ///
    /// A session that is live under one key from the first page to the last appears at least once, as
    /// it is when its page is read; one that begins, is renamed or ends meanwhile may or may not. A
    /// page has about `limit` sessions (0 means 1), or fewer where so many are too much for a store, so that little
    /// is done at a time, and nothing is held from one page to the next. A store that cannot go on after
    /// `after` fails; then the scan begins again.
    ///
    /// It is for tools, which look through a store or copy it. No request needs it.
    ///
    /// ```
    /// use session_runtime::store::{MemoryStore, Store, StoreError};
    ///
    /// async fn count(store: &impl Store) -> Result<usize, StoreError> {
    ///     let (mut count, mut after) = (0, None);
    ///     loop {
    ///         let page = store.scan(after.as_ref(), 500).await?;
    ///         count += page.sessions.len();
    ///         after = page.next;
    ///         if after.is_none() {
    ///             return Ok(count);
    ///         }
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreError> {
    /// assert_eq!(count(&MemoryStore::new()).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn scan(
        &self,
        after: Option<&Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send {
        let _ = (after, limit);
        async { Err(StoreError::unsupported()) }
    }
}

impl<T: Store + ?Sized> Store for Arc<T> {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        (**self).load(key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        (**self).create(key, record).await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        (**self).update(key, patch).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        (**self).rename(from, to, patch).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        (**self).delete(key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        (**self).sweep(limit).await
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        (**self).list(principal).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        (**self).delete_all(principal, except).await
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        (**self).scan(after, limit).await
    }
}
