//! Sessions in an SQLite file (feature `sqlite`).

mod builder;
mod checkpoint;
mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod url;
mod writer;
mod writes;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use self::builder::{SqliteStoreBuilder, Synchronous};
use self::reader::Readers;
use self::schema::Sql;
pub(super) use self::url::open as open_url;
use self::writer::Writer;
use self::writes::{Db, Row};
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// Keeps sessions in an SQLite file, which other processes of the machine may use at the same time.
/// Clones share the connections.
///
/// The file is in WAL mode. All writes that wait at a moment go into one transaction on one thread
/// and are answered after it is committed and, with [`Synchronous::Full`], on disk. Reads go through
/// a few connections of their own and do not wait for it. Another thread moves what was written from
/// the log (`-wal`) into the file meanwhile; under load the log takes some 64 MB. Every write that
/// adds a row removes a few that have expired, so the file stays bounded without a background task;
/// [`sweep`](Store::sweep) frees the space earlier.
///
/// Must be used within a tokio runtime. When the last clone is dropped, writes that were begun are
/// finished and the file is closed.
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
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    // First, so that the writer, which may have to checkpoint, ends before the readers close.
    writer: Writer,
    readers: Readers,
    sql: Arc<Sql>,
    clock: Arc<dyn Clock>,
    tombstone_time: Duration,
}

/// How many expired rows one transaction of a sweep deletes: a millisecond of work, which is what
/// other writes wait for. Fewer would make a sweep take longer, since each is synced.
const SWEEP_BATCH: usize = 64;

impl SqliteStore {
    /// Opens the database file at `path` with default options; creates it if it is not there.
    ///
    /// # Errors
    ///
    /// As [`SqliteStoreBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::builder(path).open()
    }

    /// The database file at `path`, with options to choose.
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.as_ref())
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<T, writes::Failure> + Send + 'static,
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
                Some(Row { text: None, .. }) => Ok(Loaded::Gone),
                Some(Row { text: Some(text), .. }) => {
                    Ok(Loaded::Live(serde_json::from_str(&text)?))
                }
            }
        };
        self.0.readers.read(read).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let (key, record) = (*key, record.clone());
        // Encoded here, since the writer is the one thread that everybody waits for.
        let text = serde_json::to_string(&record).map_err(StoreError::backend)?;
        self.write(move |db| {
            db.adds();
            let created = db.insert(&key, &record, &text)?;
            Ok(if created { Created::Created } else { Created::Exists })
        })
        .await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let (key, patch) = (*key, patch.clone());
        self.write(move |db| db.update(&key, &patch)).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let (from, to, patch) = (*from, *to, patch.clone());
        let tombstone_time = self.0.tombstone_time;
        self.write(move |db| {
            db.adds();
            db.rename(&from, &to, &patch, tombstone_time)
        })
        .await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let (key, tombstone_time) = (*key, self.0.tombstone_time);
        self.write(move |db| {
            db.adds();
            db.delete(key, tombstone_time)
        })
        .await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        while removed < limit {
            let batch = SWEEP_BATCH.min(limit - removed);
            let swept = self.write(move |db| db.sweep(batch)).await?;
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
        self.write(move |db| db.bury_all(&principal, except.as_ref(), tombstone_time)).await
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
