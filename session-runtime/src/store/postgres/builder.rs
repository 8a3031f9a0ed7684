//! The options of the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgPool;

use super::run::{Client, Migration, code};
use super::schema::{Table, Unfit};
use super::sql::Sql;
use super::{Inner, PostgresStore, row, url};
use crate::error::ConfigError;

/// The options of a [`PostgresStore`].
///
/// ```no_run
/// use session_runtime::store::PostgresStore;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), session_runtime::ConfigError> {
/// let store = PostgresStore::builder("postgres://app:secret@db.internal/app")
///     .schema("web")
///     .table("visitors")
///     .command_timeout(Duration::from_secs(2))
///     .migrate()
///     .connect()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
///
/// # The table
///
/// [`migrate`](Self::migrate) makes it. To make it by hand, under a name of your choice:
///
/// ```sql
#[doc = include_str!("schema.sql")]
/// ```
///
/// `UNLOGGED` after `CREATE` makes writes cheaper, but a crash of the server then ends all sessions,
/// and they are on no replica.
#[must_use]
pub struct PostgresStoreBuilder {
    source: Source,
    table: Table,
    max_connections: Option<u32>,
    command_timeout: Duration,
    tombstone_time: Duration,
    prepared_statements: bool,
    migrate: bool,
    unlogged: bool,
}

enum Source {
    Url(String),
    Pool(PgPool),
}

/// What the pool has unless told otherwise.
const CONNECTIONS: u32 = 10;

impl PostgresStoreBuilder {
    pub(super) fn of_url(url: String) -> Self {
        Self::new(Source::Url(url))
    }

    pub(super) fn of_pool(pool: PgPool) -> Self {
        Self::new(Source::Pool(pool))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            table: Table { schema: None, name: "sessions".to_owned() },
            max_connections: None,
            command_timeout: Duration::from_secs(5),
            tombstone_time: crate::store::TOMBSTONE_TIME,
            prepared_statements: true,
            migrate: false,
            unlogged: false,
        }
    }

    /// The table that keeps the sessions. The default is `sessions`. A name is up to 50 ASCII
    /// letters, digits and `_`, and does not begin with a digit; upper and lower case differ.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table.name = name.into();
        self
    }

    /// The schema of the table, a name like the table's of up to 63 characters. The default is where
    /// the server looks first (`search_path`), mostly `public`.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.table.schema = Some(name.into());
        self
    }

    /// The most connections at a time. The default is 10. A pool that was given has its own.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// How long one operation may take, waiting for a connection included, until it fails. The
    /// default is 5 seconds.
    ///
    /// The server gives up a statement after this time too, unless the URL has a limit of its own
    /// (`options[statement_timeout]=2s`). On a pool that is given, its options should set
    /// `statement_timeout`: otherwise the server goes on with what was given up, and may do it later,
    /// while other connections are opened.
    pub fn command_timeout(mut self, time: Duration) -> Self {
        self.command_timeout = time;
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = time;
        self
    }

    /// Whether each connection prepares a statement once and keeps it at the server. The default is
    /// `true`, or `false` for a URL with `statement-cache-capacity=0`.
    ///
    /// `false` is for a pooler that gives each transaction another connection and knows no prepared
    /// statements, such as PgBouncer before 1.21 with `pool_mode = transaction`. Every operation is
    /// then a transaction of its own, which costs three round trips more. A pool that was given needs
    /// it too if its statement cache is off: otherwise the server keeps another statement for each
    /// operation.
    ///
    /// PgBouncer needs `ignore_startup_parameters = extra_float_digits` in its configuration, and
    /// `extra_float_digits, options` with prepared statements. It then drops the limit that
    /// [`command_timeout`](Self::command_timeout) sets at the server, so set it there for the user:
    /// `ALTER ROLE app SET statement_timeout = '5s'`.
    pub fn prepared_statements(mut self, prepared: bool) -> Self {
        self.prepared_statements = prepared;
        self
    }

    /// Makes schema, table and indexes when connecting, if the table is missing.
    pub fn migrate(mut self) -> Self {
        self.migrate = true;
        self
    }

    /// Whether [`migrate`](Self::migrate) makes the table `UNLOGGED`: cheaper to write, but empty
    /// after a crash of the server and not on its replicas. The default is `false`.
    pub fn unlogged(mut self, unlogged: bool) -> Self {
        self.unlogged = unlogged;
        self
    }

    /// Checks the options, the server and the table.
    ///
    /// A server that cannot be reached, or is read-only, is no error: a warning tells of it through
    /// `tracing`, the store fails until the server is there and takes writes, and the table is made
    /// then if that was asked for.
    ///
    /// # Errors
    ///
    /// If the URL, one of its options or another option is not valid, if the server refuses user,
    /// password or database, is older than PostgreSQL 12 or has another encoding than UTF-8, if the
    /// table is missing or was not made by this store, or if it cannot be migrated.
    pub async fn connect(self) -> Result<PostgresStore, ConfigError> {
        self.table.check()?;
        if self.command_timeout.is_zero() {
            return Err(ConfigError::new("the option `command_timeout` must not be zero"));
        }
        let migration = || Migration { table: self.table.clone(), unlogged: self.unlogged };
        let missing = self.migrate.then(migration);
        let client = match (self.source, self.max_connections) {
            (_, Some(0)) => {
                return Err(ConfigError::new("the option `max_connections` must not be zero"));
            }
            (Source::Pool(_), Some(_)) => {
                return Err(ConfigError::new(
                    "the option `max_connections` is for a URL; a pool that is given has its own",
                ));
            }
            (Source::Pool(pool), None) => {
                Client::on(pool, self.command_timeout, self.prepared_statements, missing)
            }
            (Source::Url(url), connections) => {
                let (options, prepared) = url::options(&url)?;
                let connections = connections.unwrap_or(CONNECTIONS);
                let prepared = prepared && self.prepared_statements;
                Client::open(options, connections, self.command_timeout, prepared, missing)
            }
        };
        let prepared = prepare(&client, &self.table, self.migrate.then_some(self.unlogged)).await;
        match prepared {
            Ok(()) => {}
            Err(Unfit::Config(error)) => return Err(error),
            Err(Unfit::Server(error)) if may_come_back(&error) => {
                tracing::warn!(%error, "PostgreSQL cannot be used yet, sessions will fail until it can");
            }
            Err(Unfit::Server(error)) => {
                return Err(ConfigError::with_source("PostgreSQL cannot be used", error));
            }
        }
        Ok(PostgresStore(Arc::new(Inner {
            client,
            sql: Sql::new(&self.table),
            tombstone_time: row::duration(self.tombstone_time.min(LONGEST)),
        })))
    }
}

/// A century: the server cannot add much more to the present.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long making and checking the table may take together.
const PREPARATION: Duration = Duration::from_secs(60);

/// Makes the table if asked to (`Some(unlogged)`), and checks it.
async fn prepare(client: &Client, table: &Table, migrate: Option<bool>) -> Result<(), Unfit> {
    let mut connection = client.connection().await?;
    let prepared = tokio::time::timeout(PREPARATION, async {
        if let Some(unlogged) = migrate {
            table.migrate(&mut connection, unlogged).await?;
        }
        table.verify(&mut connection).await
    });
    match prepared.await {
        Ok(prepared) => prepared,
        Err(_) => {
            drop(connection.detach());
            Err(Unfit::Server(sqlx::Error::PoolTimedOut))
        }
    }
}

/// Whether nothing has to be put right but the server, or the way to it.
fn may_come_back(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        // Shutting down or starting, too many connections, or read-only.
        _ => {
            let code = code(error);
            code.is_some_and(|code| code.starts_with("57P") || matches!(&*code, "53300" | "25006"))
        }
    }
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("table", &self.table)
            .field("max_connections", &self.max_connections)
            .field("command_timeout", &self.command_timeout)
            .field("tombstone_time", &self.tombstone_time)
            .field("prepared_statements", &self.prepared_statements)
            .field("migrate", &self.migrate)
            .field("unlogged", &self.unlogged)
            .finish_non_exhaustive()
    }
}
