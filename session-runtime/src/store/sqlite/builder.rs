//! The options of the store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::reader::Readers;
use super::schema::{self, Sql};
use super::writer::Writer;
use super::{Inner, SqliteStore};
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;

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

/// When a write is on disk: SQLite's `synchronous` setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Before it is answered: it survives a loss of power. The default.
    #[default]
    Full,
    /// Some time later: it survives the end of the process, but a loss of power may take the last
    /// writes back, a logout included. The file stays intact. Faster where syncing is slow.
    Normal,
}

impl SqliteStoreBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            table: "sessions".to_owned(),
            synchronous: Synchronous::default(),
            clock: Arc::new(SystemClock),
            tombstone_time: crate::store::TOMBSTONE_TIME,
            create: true,
        }
    }

    /// The table that keeps the sessions, created if it is not there. The default is `sessions`. A
    /// name is up to 64 ASCII letters, digits and `_`, and does not begin with a digit.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// When a write is on disk. The default is [`Synchronous::Full`].
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Who tells whether a session has expired. The default is [`SystemClock`]. All processes that
    /// use the file should agree on the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = time;
        self
    }

    /// Whether file and table are made where they are missing.
    pub(super) fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Opens the file and creates what is missing. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// If the path is `:memory:` or an SQLite URI, if the file cannot be opened, is no database or
    /// cannot be used in WAL mode, if the name of the table is not valid, or if there is a table of
    /// this name that was not made by this store.
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

/// The path as it is wherever the process changes to later.
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
