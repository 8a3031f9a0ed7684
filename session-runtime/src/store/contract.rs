//! The trait that every store implements, and its answers.

use std::sync::Arc;
use std::time::Duration;

use crate::record::SharedStr;

use super::methods::store_methods;
use super::page::{Cursor, Page, SessionInfo};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};

/// How long a store keeps a tombstone by default.
pub(crate) const TOMBSTONE_TIME: Duration = Duration::from_secs(60);

/// The error of a rename whose new key already holds a session or a tombstone.
pub(super) const KEY_IN_USE: &str = "the session cannot be renamed to a key in use";

/// Keeps sessions: the contract that every store fulfils.
///
/// A store maps a [`StoreKey`] to a [`Record`]. It knows nothing of HTTP, cookies or schemas. This
/// page is all that the author of a store needs; `conformance::run` (feature `conformance`) then
/// tests the store against it.
///
/// # What to implement
///
/// | method | | does |
/// | --- | --- | --- |
/// | [`load`](Self::load) | required | looks a record up |
/// | [`create`](Self::create) | required | stores a new record |
/// | [`update`](Self::update) | required | applies a patch to a live record |
/// | [`rename`](Self::rename) | required | the same, and moves the record to another key |
/// | [`delete`](Self::delete) | required | deletes a session |
/// | [`sweep`](Self::sweep) | optional | removes what has expired |
/// | [`list`](Self::list) | optional | shows the sessions of a principal |
/// | [`delete_all`](Self::delete_all) | optional | deletes the sessions of a principal |
/// | [`scan`](Self::scan) | optional | shows all sessions, page by page |
///
/// An optional method that is left out fails with [`StoreError::unsupported`]. Implementations
/// write `async fn`; the futures must be `Send`. Methods are called concurrently, by many tasks and
/// by many processes.
///
/// # What a key holds
///
/// | state | [`load`](Self::load) | [`create`](Self::create) | [`update`](Self::update), [`rename`](Self::rename) | [`delete`](Self::delete) |
/// | --- | --- | --- | --- | --- |
/// | a live record | `Live` | `Exists` | apply the patch | leaves a tombstone |
/// | a tombstone | `Gone` | `Exists` | `Gone` | leaves a tombstone, and may follow a rename |
/// | nothing, or something expired | `Absent` | `Created` | `Gone` | leaves a tombstone |
///
/// A missing session is never an error.
///
/// # Records
///
/// - The store keeps every field exactly as it is: the key and the text, byte for byte. It never
///   parses a text. Only the integers that an [`Add`](crate::patch::FieldOp::Add) works on are
///   read.
/// - A record is absent from the millisecond of its [`expires_at`](Record::expires_at) on, even
///   while its data is still stored. One clock decides what is live: the store's own, which may be
///   its server's.
/// - A store judges whether the record is live before it looks at a patch. A patch for an expired
///   record is answered [`Updated::Gone`], never [`Updated::Conflict`].
///
/// # Writes
///
/// - `create` and `update` are each one atomic step. `create` never overwrites a live record or a
///   tombstone. `update` changes live records only and never creates one.
/// - A patch is applied completely or not at all. [`Patch::apply`] defines the result: call it
///   under a lock or in a transaction, or do the same in the server.
/// - Concurrent patches of different fields all survive. Deltas add up exactly. Of two `Replace`
///   operations on the same old text, one is applied and the other is a conflict.
///
/// # Tombstones and renames
///
/// - `delete` and `rename` leave a tombstone under the old key, by default for 60 seconds. It shows
///   a slower request that a login or a logout came first; without it the key would look unknown.
/// - `rename` moves the record and applies the patch in one atomic step. A backend that cannot do
///   that first marks the old key as moved and then creates the new one. Each of the two steps must
///   be safe to repeat, and both keys are never live at once.
/// - The tombstone of a rename remembers the new key. `delete` of the old key follows it, over
///   several renames if need be, and deletes the session there. So a renewal that came a moment
///   earlier does not undo a logout.
/// - `delete` does not follow a rename that [signed somebody in](Patch::signs_in). The old key is
///   older than the login and may have been planted by an attacker, who must not be able to delete
///   the session of the user.
///
/// # Sessions of a principal
///
/// - `list` shows every live session of the principal. Two principals are the same only if both key
///   and value are the same text.
/// - When `delete_all` returns, no session that it should delete is live, not even one that was
///   renamed meanwhile.
/// - An index entry does not outlive its session for long.
///
/// # Errors
///
/// `Err` means that the backend failed, or that the method is
/// [unsupported](StoreError::unsupported). After a failed write, or one whose future was dropped,
/// the outcome is unknown. A store repeats a write by itself only if the backend proved that it did
/// not execute it.
///
/// # What the conformance suite cannot check
///
/// The suite takes a few seconds, so some rules are up to you: how long a tombstone lasts, when an
/// index entry goes, how soon a sweep removes what has expired, the exact millisecond of an expiry,
/// and what `Err` means.
///
/// # Examples
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
    ///
    /// An expired record or tombstone under the key is replaced.
    fn create(
        &self,
        key: &StoreKey,
        record: &Record,
    ) -> impl Future<Output = Result<Created, StoreError>> + Send;

    /// Applies a patch to a live record.
    ///
    /// If the patch changes the principal, the index follows in the same step.
    fn update(
        &self,
        key: &StoreKey,
        patch: &Patch,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Applies a patch to the live record under `from` and moves the record to `to`.
    ///
    /// If the patch is refused, nothing moves.
    ///
    /// If `to` holds a live record or a tombstone, the answer is `Err`. Random keys never collide,
    /// so this does not happen in practice. Nothing has changed then; but a store whose rename
    /// takes two steps may have deleted the session under `from`.
    fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> impl Future<Output = Result<Updated, StoreError>> + Send;

    /// Deletes a session and leaves a tombstone, even if there was no session.
    ///
    /// If a rename has moved the session, the session under the new key is deleted, too, unless the
    /// rename [signed somebody in](Patch::signs_in).
    fn delete(&self, key: &StoreKey) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes up to `limit` expired records and tombstones; returns how many it removed.
    ///
    /// Fewer than `limit` means that nothing is left, except what the store keeps for a later
    /// sweep. A store whose server removes expired records need not implement this.
    fn sweep(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = limit;
        async { Err(StoreError::unsupported()) }
    }

    /// Every live session of `principal`, in no particular order.
    ///
    /// Implement it together with [`delete_all`](Self::delete_all): the conformance suite checks
    /// each with the help of the other.
    fn list(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Vec<SessionInfo>, StoreError>> + Send {
        let _ = principal;
        async { Err(StoreError::unsupported()) }
    }

    /// Deletes every session of `principal` except the one under `except`; returns how many it
    /// deleted.
    ///
    /// Each leaves a tombstone. Expired sessions do not count.
    fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = (principal, except);
        async { Err(StoreError::unsupported()) }
    }

    /// One page of all live sessions, in no particular order.
    ///
    /// The first page has no `after`. Each further one begins at [`Page::next`] of the page before,
    /// and the scan is complete when that is `None`.
    ///
    /// - A session that is live under one key from the first page to the last appears at least
    ///   once, with the record that it had when its page was read.
    /// - A session that is created, renamed or deleted during the scan may or may not appear.
    /// - A page has about `limit` sessions; 0 means 1. A store may return fewer if that many at
    ///   once are too much for it.
    /// - The store holds nothing between two pages. If it cannot continue after `after`, it fails,
    ///   and the caller starts the scan again.
    ///
    /// It is for tools that inspect or copy a store. No request needs it.
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

/// The answer of [`Store::load`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// The session is live.
    Live(Record),
    /// The session was deleted or renamed a short while ago.
    Gone,
    /// The key is unknown, or the session has expired.
    Absent,
}

/// The answer of [`Store::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Created {
    /// The record is stored.
    Created,
    /// The key already holds a live record or a tombstone; nothing changed.
    Exists,
}

/// The answer of [`Store::update`] and [`Store::rename`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Updated {
    /// The patch is applied.
    Applied,
    /// A `Replace` found another text; nothing changed. This is the current record.
    Conflict(Record),
    /// An `Add` found something else than an integer in the field with this key; nothing changed.
    Mismatch(SharedStr),
    /// The session is not live: it is unknown, deleted, renamed or expired.
    Gone,
}

impl Updated {
    /// The answer of a store whose patch came out as `applied`; `record` is the current record.
    pub(super) fn of(applied: Applied, record: &Record) -> Self {
        match applied {
            Applied::Applied => Self::Applied,
            Applied::Conflict => Self::Conflict(record.clone()),
            Applied::Mismatch(key) => Self::Mismatch(key),
        }
    }
}

macro_rules! forward {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            (**self).$method($($argument),*).await
        }
    };
}

impl<T: Store + ?Sized> Store for Arc<T> {
    store_methods!(forward);
}
