//! How a store is opened, and its options.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::reader::Readers;
use super::schema::{self, Sql};
use super::store::{Inner, SqliteStore};
use super::synchronous::Synchronous;
use super::writer::Writer;
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::store::contract::TOMBSTONE_TIME;

impl SqliteStore {
    /// Opens the database file at `path` with default options; creates it if it is missing.
    ///
    /// # Errors
    ///
    /// As [`SqliteStoreBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::builder(path).open()
    }

    /// A store in the database file at `path`, with options to choose.
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.as_ref())
    }
}

/// The options of an [`SqliteStore`].
///
/// ```
/// use session_runtime::store::{SqliteStore, Synchronous};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("session-doc-build-{}.db", std::process::id()));
/// let store = SqliteStore::builder(&path)
///     .table("visitors")
///     .synchronous(Synchronous::Normal)
///     .tombstone_time(Duration::from_secs(30))
///     .open()?;
/// # drop(store);
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    table: String,
    synchronous: Synchronous,
    clock: Arc<dyn Clock>,
    tombstone_time: Duration,
    create: bool,
}

impl SqliteStoreBuilder {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            table: "sessions".to_owned(),
            synchronous: Synchronous::default(),
            clock: Arc::new(SystemClock),
            tombstone_time: TOMBSTONE_TIME,
            create: true,
        }
    }

    /// The table that keeps the sessions, created if it is missing. The default is `sessions`.
    ///
    /// A name has up to 64 ASCII letters, digits and `_`, and does not begin with a digit.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// When a write is on disk. The default is [`Synchronous::Full`].
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// The clock that decides whether a session has expired. The default is [`SystemClock`].
    ///
    /// All processes that use the file should agree on the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long a deleted or renamed session is `Gone` instead of `Absent`.
    ///
    /// The default is 60 seconds. It should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = time;
        self
    }

    /// Whether a missing file or table is created.
    pub(super) fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Opens the file and creates what is missing. Blocks while it waits for the disk.
    ///
    /// # Errors
    ///
    /// - The path is `:memory:` or an SQLite URI.
    /// - The file cannot be opened, is not a database, or cannot be in WAL mode.
    /// - The name of the table is not valid, or the table was not created by this store.
    pub fn open(self) -> Result<SqliteStore, ConfigError> {
        let sql = Arc::new(Sql::new(&self.table)?);
        let path = absolute(&self.path)?;
        let connection = schema::open(&path, &self.table, self.synchronous, self.create)?;
        let readers = Readers::new(path.clone());
        let writer = Writer::start(connection, &path, sql.clone(), self.clock.clone())?;
        Ok(SqliteStore(Arc::new(Inner {
            writer,
            readers,
            sql,
            clock: self.clock,
            tombstone_time: self.tombstone_time,
        })))
    }
}

/// The absolute path, which stays valid if the process changes its current directory.
fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    let text = path.to_string_lossy();
    if text == ":memory:" || text.is_empty() {
        return Err(ConfigError::new(
            "an SQLite store needs a file, since several connections share it; \
             to keep sessions in memory use `MemoryStore`",
        ));
    }
    if text.starts_with("file:") {
        return Err(ConfigError::new(
            "an SQLite store takes the path of a file, not a `file:` URI",
        ));
    }
    std::path::absolute(path)
        .map_err(|error| ConfigError::with_source("the current directory is unknown", error))
}

impl fmt::Debug for SqliteStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStoreBuilder")
            .field("path", &self.path)
            .field("table", &self.table)
            .field("synchronous", &self.synchronous)
            .field("tombstone_time", &self.tombstone_time)
            .finish_non_exhaustive()
    }
}
