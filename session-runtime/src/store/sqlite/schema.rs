//! The table, its statements, and the connections to it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::synchronous::Synchronous;
use crate::error::ConfigError;

/// The statements, with the table's name in them. Times are milliseconds since the epoch.
pub(super) struct Sql {
    pub(super) select: String,
    pub(super) insert: String,
    pub(super) update_record: String,
    pub(super) update: String,
    pub(super) moved_to: String,
    pub(super) put_tombstone: String,
    pub(super) delete_all: String,
    pub(super) sweep: String,
    pub(super) list: String,
    pub(super) scan: String,
}

/// Every column in order: its name, its type, and whether it is the primary key.
const COLUMNS: [(&str, &str, bool); 6] = [
    ("key", "BLOB", true),
    ("expires_at", "INTEGER", false),
    ("principal_key", "TEXT", false),
    ("principal_value", "TEXT", false),
    ("record", "TEXT", false),
    ("moved_to", "BLOB", false),
];

/// How long a statement waits for a lock of another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Sql {
    pub(super) fn new(table: &str) -> Result<Self, ConfigError> {
        check_name(table)?;
        Ok(Self {
            select: format!(r#"SELECT expires_at, record FROM "{table}" WHERE key = ?1"#),
            // Replaces only an expired row.
            insert: format!(
                r#"INSERT INTO "{table}" (key, expires_at, principal_key, principal_value, record)
                VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (key) DO UPDATE SET
                    expires_at = excluded.expires_at,
                    principal_key = excluded.principal_key,
                    principal_value = excluded.principal_value,
                    record = excluded.record,
                    moved_to = NULL
                WHERE "{table}".expires_at <= ?6"#
            ),
            // Changes no indexed column.
            update_record: format!(r#"UPDATE "{table}" SET record = ?2 WHERE key = ?1"#),
            update: format!(
                r#"UPDATE "{table}" SET expires_at = ?2, principal_key = ?3,
                principal_value = ?4, record = ?5 WHERE key = ?1"#
            ),
            moved_to: format!(
                r#"SELECT moved_to FROM "{table}"
                WHERE key = ?1 AND expires_at > ?2 AND moved_to IS NOT NULL"#
            ),
            put_tombstone: format!(
                r#"INSERT INTO "{table}" (key, expires_at, moved_to) VALUES (?1, ?2, ?3)
                ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at,
                    principal_key = NULL, principal_value = NULL, record = NULL,
                    moved_to = excluded.moved_to"#
            ),
            delete_all: format!(
                r#"UPDATE "{table}" SET expires_at = ?1,
                    principal_key = NULL, principal_value = NULL, record = NULL
                WHERE principal_key = ?2 AND principal_value = ?3 AND expires_at > ?4
                    AND key IS NOT ?5"#
            ),
            sweep: format!(
                r#"DELETE FROM "{table}" WHERE rowid IN
                (SELECT rowid FROM "{table}" WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)"#
            ),
            list: format!(
                r#"SELECT key, record FROM "{table}"
                WHERE principal_key = ?1 AND principal_value = ?2 AND expires_at > ?3
                    AND record IS NOT NULL"#
            ),
            scan: format!(
                r#"SELECT key, expires_at, record FROM "{table}"
                WHERE key > ?1 ORDER BY key LIMIT ?2"#
            ),
        })
    }
}

/// Opens the connection for writing and creates missing indexes; a missing file or table only if
/// `create`.
pub(super) fn open(
    path: &Path,
    table: &str,
    synchronous: Synchronous,
    create: bool,
) -> Result<Connection, ConfigError> {
    let failed = |error| unusable(path, error);
    if !create && !path.exists() {
        return Err(ConfigError::new(format_args!("there is no file `{}`", path.display())));
    }
    let flags = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let mut connection = connect(path, flags).map_err(failed)?;
    if !create {
        let columns = columns(&connection, table).map_err(failed)?;
        if columns.is_empty() {
            return Err(ConfigError::new(format_args!(
                "the SQLite database `{}` has no table `{table}`",
                path.display()
            )));
        }
        check_columns(&columns, table)?;
    }
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(ConfigError::new(format_args!(
            "the SQLite database `{}` cannot be in WAL mode, only in mode `{mode}`; \
             network file systems do not support it",
            path.display()
        )));
    }
    let synchronous = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = {synchronous};
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA foreign_keys = OFF;"
        ))
        .map_err(failed)?;
    limit_wal(&connection).map_err(failed)?;
    let columns = create_table(&mut connection, table).map_err(failed)?;
    check_columns(&columns, table)?;
    Ok(connection)
}

/// The error for a database that SQLite cannot use.
pub(super) fn unusable(path: &Path, error: rusqlite::Error) -> ConfigError {
    let message = format!("the SQLite database `{}` cannot be used", path.display());
    ConfigError::with_source(message, error)
}

/// Opens one more connection to an existing database, for reading.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    // A read-only connection cannot read the WAL of a process that crashed. So the connection is
    // writable, and the pragma forbids writes.
    let connection = connect(path, OpenFlags::empty())?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Limits the file size of a WAL that is reset, so that the space of a long one is freed.
///
/// A lower limit would cut the file often, and commits wait for that.
fn limit_wal(connection: &Connection) -> rusqlite::Result<()> {
    // This pragma returns a row, so not every version of SQLite takes it in a batch.
    connection.query_row("PRAGMA journal_size_limit = 67108864", [], |_| Ok(()))
}

/// Creates the table unless it exists; returns its columns.
fn create_table(
    connection: &mut Connection,
    table: &str,
) -> rusqlite::Result<Vec<(String, String, bool)>> {
    // Immediate: a transaction that reads first fails at once if another process writes meanwhile.
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(immediate)?;
    transaction.execute_batch(&format!(
        r#"CREATE TABLE IF NOT EXISTS "{table}" (
            key BLOB PRIMARY KEY NOT NULL,
            expires_at INTEGER NOT NULL,
            principal_key TEXT,
            principal_value TEXT,
            record TEXT,
            moved_to BLOB
        )"#
    ))?;
    let columns = columns(&transaction, table)?;
    if is_ours(&columns) {
        transaction.execute_batch(&format!(
            r#"CREATE INDEX IF NOT EXISTS "{table}_expires_at" ON "{table}" (expires_at);
            CREATE INDEX IF NOT EXISTS "{table}_principal"
                ON "{table}" (principal_key, principal_value) WHERE principal_key IS NOT NULL"#
        ))?;
        transaction.commit()?;
    }
    Ok(columns)
}

/// The columns of the table; empty if it is missing.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String, bool)>> {
    connection
        .prepare(&format!(r#"PRAGMA table_info("{table}")"#))?
        .query_map([], |row| Ok((row.get(1)?, row.get(2)?, row.get::<_, i64>(5)? != 0)))?
        .collect()
}

fn check_columns(columns: &[(String, String, bool)], table: &str) -> Result<(), ConfigError> {
    if is_ours(columns) {
        return Ok(());
    }
    let names: Vec<_> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    let ours = COLUMNS.map(|(name, ..)| name);
    Err(ConfigError::new(format_args!(
        "the table `{table}` was not made by this store: it has the columns `{}` instead of `{}`, \
         or other types; choose another name with `table`",
        names.join(", "),
        ours.join(", ")
    )))
}

fn is_ours(columns: &[(String, String, bool)]) -> bool {
    let columns = columns.iter().map(|(name, kind, key)| (name.as_str(), kind.as_str(), *key));
    columns.eq(COLUMNS)
}

fn check_name(table: &str) -> Result<(), ConfigError> {
    let valid = !table.is_empty()
        && table.len() <= 64
        && table.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !table.as_bytes()[0].is_ascii_digit();
    if !valid {
        return Err(ConfigError::new(format_args!(
            "the table name {table:?} is not valid; \
             use up to 64 ASCII letters, digits and `_`, not beginning with a digit"
        )));
    }
    if table.to_ascii_lowercase().starts_with("sqlite_") {
        return Err(ConfigError::new(format_args!(
            "the table name `{table}` is not valid; SQLite keeps names with `sqlite_` for itself"
        )));
    }
    Ok(())
}
