//! Reads: a few connections, used on tokio's blocking threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, params};
use tokio::sync::Semaphore;

use super::row::{Failure, millis};
use super::schema::{self, Sql};
use crate::clock::Timestamp;
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::record::Principal;
use crate::store::page::{Cursor, Page, SessionInfo};

/// Connections for reading, opened when they are first needed.
///
/// Each runs one statement at a time. No statement stays open between two reads, because an open
/// one would keep SQLite from resetting the WAL.
pub(super) struct Readers {
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// How many connections there are at most. A read takes a few microseconds, so more would not help.
const CONNECTIONS: usize = 8;

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        let pool = Arc::new(Pool { path, idle: Mutex::default() });
        Self { pool, permits: Arc::new(Semaphore::new(CONNECTIONS)) }
    }

    /// Runs `work` on a connection of its own.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(StoreError::backend)?;
        let pool = self.pool.clone();
        let read = move || {
            let connection = pool.take()?;
            let answer = work(&connection)?;
            // A connection whose work failed is not used again.
            pool.put_back(connection);
            drop(permit);
            Ok::<_, Failure>(answer)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(answer) => answer.map_err(StoreError::backend),
            Err(ended) => Err(StoreError::backend(ended)),
        }
    }
}

impl Pool {
    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| schema::open_reader(&self.path), Ok)
    }

    fn put_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Key and text of every live session of `principal`.
pub(super) fn list(
    connection: &Connection,
    sql: &Sql,
    principal: &Principal,
    now: Timestamp,
) -> rusqlite::Result<Vec<(StoreKey, String)>> {
    connection
        .prepare_cached(&sql.list)?
        .query_map(params![principal.key(), principal.value(), millis(now)], |row| {
            Ok((StoreKey::from_bytes(row.get(0)?), row.get(1)?))
        })?
        .collect()
}

/// The live sessions among the next `limit` rows after a key.
pub(super) fn page(
    connection: &Connection,
    sql: &Sql,
    after: Option<&StoreKey>,
    limit: usize,
    now: Timestamp,
) -> Result<Page, Failure> {
    // An empty key sorts before all others.
    let after = after.map_or(&[][..], |key| key.as_bytes());
    let mut statement = connection.prepare_cached(&sql.scan)?;
    let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let (mut sessions, mut read, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let key = StoreKey::from_bytes(row.get(0)?);
        (read, last) = (read + 1, Some(key));
        let text: Option<String> = row.get(2)?;
        if let Some(text) = text
            && millis(now) < row.get(1)?
        {
            sessions.push(SessionInfo { key, record: serde_json::from_str(&text)? });
        }
    }
    let next = last.filter(|_| read == limit);
    Ok(Page { sessions, next: next.as_ref().map(Cursor::after) })
}
