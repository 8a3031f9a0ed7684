//! The store and its operations.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::reader::{self, Readers};
use super::row::{Failure, Row};
use super::schema::Sql;
use super::transaction::Transaction;
use super::writer::Writer;
use crate::clock::Clock;
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::contract::{Created, Loaded, Store, Updated};
use crate::store::page::{Cursor, Page, SessionInfo};

/// Keeps sessions in an SQLite file. Clones share the connections.
///
/// Other processes of the same machine may use the file at the same time.
///
/// - The file is in WAL mode: writes go to a log (`-wal`) first.
/// - One thread writes. It puts all waiting writes into one transaction and answers them when it is
///   committed; with [`Synchronous::Full`](super::Synchronous::Full), when it is on disk.
/// - Reads use a few connections of their own and do not wait for the writer.
/// - Another thread copies the log into the file. Under load the log grows to some 64 MB.
/// - Each write that adds a row removes a few expired ones, so the file stays bounded without a
///   background task. [`sweep`](Store::sweep) only frees the space earlier.
///
/// Must be used within a tokio runtime. Dropping the last clone waits for the writes that have
/// begun, then closes the file.
///
/// ```
/// use session_runtime::store::{Loaded, SqliteStore, Store};
/// use session_runtime::StoreKey;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("session-doc-open-{}.db", std::process::id()));
/// let store = SqliteStore::open(&path)?;
/// assert_eq!(store.load(&StoreKey::from_bytes([7; 16])).await?, Loaded::Absent);
/// # drop(store);
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    // The first field, so that it is dropped first: the writer may still have to checkpoint, and
    // the readers must close after that.
    pub(super) writer: Writer,
    pub(super) readers: Readers,
    pub(super) sql: Arc<Sql>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tombstone_time: Duration,
}

/// How many expired rows a sweep deletes in one transaction.
///
/// That is about a millisecond of work, for which other writes wait. Smaller batches would make the
/// sweep slower, because each transaction is synced.
const SWEEP_BATCH: usize = 64;

impl SqliteStore {
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write(work).await
    }
}

impl Store for SqliteStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        let (key, sql, clock) = (*key, self.0.sql.clone(), self.0.clock.clone());
        let read = move |connection: &rusqlite::Connection| {
            let row = Row::read(connection, &sql, &key)?;
            match row.filter(|row| row.is_live(clock.now())) {
                None => Ok(Loaded::Absent),
                Some(Row { record: None, .. }) => Ok(Loaded::Gone),
                Some(Row { record: Some(text), .. }) => {
                    Ok(Loaded::Live(serde_json::from_str(&text)?))
                }
            }
        };
        self.0.readers.read(read).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let (key, record) = (*key, record.clone());
        // Encoded here, because all writes wait for the one thread of the writer.
        let text = serde_json::to_string(&record).map_err(StoreError::backend)?;
        self.write(move |transaction| {
            transaction.may_add_row();
            let created = transaction.insert(&key, &record, &text)?;
            Ok(if created { Created::Created } else { Created::Exists })
        })
        .await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let (key, patch) = (*key, patch.clone());
        self.write(move |transaction| transaction.update(&key, &patch)).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let (from, to, patch) = (*from, *to, patch.clone());
        let tombstone_time = self.0.tombstone_time;
        self.write(move |transaction| {
            transaction.may_add_row();
            transaction.rename(&from, &to, &patch, tombstone_time)
        })
        .await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let (key, tombstone_time) = (*key, self.0.tombstone_time);
        self.write(move |transaction| {
            transaction.may_add_row();
            transaction.delete(key, tombstone_time)
        })
        .await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        while removed < limit {
            let batch = SWEEP_BATCH.min(limit - removed);
            let swept = self.write(move |transaction| transaction.sweep(batch)).await?;
            removed += swept;
            if swept < batch {
                break;
            }
        }
        Ok(removed)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let (principal, sql, clock) = (principal.clone(), self.0.sql.clone(), self.0.clock.clone());
        let read = move |connection: &rusqlite::Connection| {
            let rows = reader::list(connection, &sql, &principal, clock.now())?;
            let info = |(key, text): (StoreKey, String)| {
                Ok(SessionInfo { key, record: serde_json::from_str(&text)? })
            };
            rows.into_iter().map(info).collect()
        };
        self.0.readers.read(read).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let (principal, except) = (principal.clone(), except.copied());
        let tombstone_time = self.0.tombstone_time;
        self.write(move |transaction| {
            transaction.delete_all(&principal, except.as_ref(), tombstone_time)
        })
        .await
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let after = after.map(Cursor::key).transpose()?;
        let (limit, sql, clock) = (limit.max(1), self.0.sql.clone(), self.0.clock.clone());
        let read = move |connection: &rusqlite::Connection| {
            reader::page(connection, &sql, after.as_ref(), limit, clock.now())
        };
        self.0.readers.read(read).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
