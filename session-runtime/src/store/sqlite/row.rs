//! The columns of a row.

use rusqlite::{Connection, OptionalExtension};

use super::schema::Sql;
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::record::Principal;

/// Why a read or write failed: an error of SQLite, or a row that is not a record.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A row as it is read.
pub(super) struct Row {
    expires_at: i64,
    /// The record; `None` for a tombstone.
    pub(super) record: Option<String>,
}

impl Row {
    pub(super) fn read(
        connection: &Connection,
        sql: &Sql,
        key: &StoreKey,
    ) -> rusqlite::Result<Option<Self>> {
        let read =
            |row: &rusqlite::Row<'_>| Ok(Self { expires_at: row.get(0)?, record: row.get(1)? });
        connection.prepare_cached(&sql.select)?.query_row([key.as_bytes()], read).optional()
    }

    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        millis(now) < self.expires_at
    }
}

/// The columns of a principal.
pub(super) fn columns(principal: Option<&Principal>) -> (Option<&str>, Option<&str>) {
    principal.map(|principal| (principal.key(), principal.value())).unzip()
}

/// A time as SQLite's signed integer. Times beyond its range never come.
pub(super) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
