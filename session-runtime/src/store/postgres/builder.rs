//! How a store is opened, and its options.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgPool;

use super::run::{Client, Migration, code};
use super::schema::{Table, Unfit};
use super::sql::Sql;
use super::store::{Inner, PostgresStore};
use super::{row, url};
use crate::error::ConfigError;
use crate::store::contract::TOMBSTONE_TIME;

impl PostgresStore {
    /// A store in the table `sessions` of the database that `url` names.
    ///
    /// # Errors
    ///
    /// As [`PostgresStoreBuilder::connect`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).connect().await
    }

    /// A store in the database that `url` names, with options to choose.
    ///
    /// The URL is `postgres://user:password@host:port/database`. As for other PostgreSQL clients,
    /// the environment (`PGHOST`, `PGUSER`, …) sets the parts that are left out.
    ///
    /// After a `?` the URL takes `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `application_name`,
    /// `options`, `host`, `hostaddr`, `port`, `user`, `password`, `dbname` and
    /// `statement-cache-capacity`. The value 0 of the last turns
    /// [prepared statements](PostgresStoreBuilder::prepared_statements) off, for poolers.
    pub fn builder(url: impl Into<String>) -> PostgresStoreBuilder {
        PostgresStoreBuilder::of_url(url.into())
    }

    /// A store on an existing pool of `sqlx` 0.9, with options to choose.
    ///
    /// The pool should have two settings:
    ///
    /// - `test_before_acquire(false)`. By default the pool tests every connection before its use,
    ///   which costs one more round trip.
    /// - a `statement_timeout` for its connections, see
    ///   [`command_timeout`](PostgresStoreBuilder::command_timeout).
    ///
    /// The store does not test whether a connection leads to a standby. It closes a connection on
    /// which a write is refused, but may read from it until then.
    ///
    /// ```no_run
    /// use session_runtime::store::PostgresStore;
    /// use sqlx::postgres::PgPoolOptions;
    ///
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// let url = "postgres://app:secret@db.internal/app?options[statement_timeout]=5s";
    /// let pool = PgPoolOptions::new().test_before_acquire(false).connect(url).await?;
    /// let store = PostgresStore::from_pool(pool).connect().await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pool(pool: PgPool) -> PostgresStoreBuilder {
        PostgresStoreBuilder::of_pool(pool)
    }
}

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
/// [`migrate`](Self::migrate) creates it. To create it yourself, under a name of your choice:
///
/// ```sql
#[doc = include_str!("schema.sql")]
/// ```
///
/// `UNLOGGED` after `CREATE` makes writes cheaper. But a crash of the server then deletes all
/// sessions, and no replica has them.
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

/// The default limit of connections.
const MAX_CONNECTIONS: u32 = 10;

impl PostgresStoreBuilder {
    pub(super) fn of_url(url: String) -> Self {
        Self::new(Source::Url(url))
    }

    fn of_pool(pool: PgPool) -> Self {
        Self::new(Source::Pool(pool))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            table: Table { schema: None, name: "sessions".to_owned() },
            max_connections: None,
            command_timeout: Duration::from_secs(5),
            tombstone_time: TOMBSTONE_TIME,
            prepared_statements: true,
            migrate: false,
            unlogged: false,
        }
    }

    /// The table that keeps the sessions. The default is `sessions`.
    ///
    /// A name has up to 50 ASCII letters, digits and `_`, and does not begin with a digit. Upper
    /// and lower case differ.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table.name = name.into();
        self
    }

    /// The schema of the table.
    ///
    /// The default is the first schema in the server's `search_path`, usually `public`. The rules
    /// for its name are those of the table, with up to 63 characters.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.table.schema = Some(name.into());
        self
    }

    /// How many connections the store opens at most. The default is 10.
    ///
    /// An existing pool has its own limit.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// How long one operation may take, including the wait for a connection.
    ///
    /// The default is 5 seconds. The server also stops a statement after this time, unless the URL
    /// sets another limit (`options[statement_timeout]=2s`).
    ///
    /// An existing pool should set `statement_timeout` in its options. Otherwise the server
    /// continues with a statement that the store has given up, and may execute it later, while new
    /// connections are opened.
    pub fn command_timeout(mut self, time: Duration) -> Self {
        self.command_timeout = time;
        self
    }

    /// How long a deleted or renamed session is `Gone` instead of `Absent`.
    ///
    /// The default is 60 seconds. It should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = time;
        self
    }

    /// Whether each connection prepares a statement once and the server keeps it.
    ///
    /// The default is `true`, or `false` for a URL with `statement-cache-capacity=0`.
    ///
    /// Use `false` for a pooler that changes the connection after each transaction and does not
    /// support prepared statements, such as PgBouncer before 1.21 with `pool_mode = transaction`.
    /// Every operation is then a transaction of its own, which costs three more round trips. Also
    /// use it for an existing pool whose statement cache is off. Otherwise the server keeps one
    /// more statement for each operation.
    ///
    /// PgBouncer needs `ignore_startup_parameters = extra_float_digits` in its configuration. With
    /// prepared statements it needs `extra_float_digits, options`, which drops the limit that
    /// [`command_timeout`](Self::command_timeout) sets at the server. So set the limit for the user
    /// there: `ALTER ROLE app SET statement_timeout = '5s'`.
    pub fn prepared_statements(mut self, prepared: bool) -> Self {
        self.prepared_statements = prepared;
        self
    }

    /// Creates the schema, the table and its indexes when connecting, if the table is missing.
    pub fn migrate(mut self) -> Self {
        self.migrate = true;
        self
    }

    /// Whether [`migrate`](Self::migrate) creates an `UNLOGGED` table. The default is `false`.
    ///
    /// Writes are cheaper, but the table is empty after a crash of the server and on replicas.
    pub fn unlogged(mut self, unlogged: bool) -> Self {
        self.unlogged = unlogged;
        self
    }

    /// Checks the options, the server and the table, and opens the store.
    ///
    /// A server that cannot be reached, or is read-only, is not an error but a warning through
    /// `tracing`. Sessions fail until the server is reachable and takes writes. If
    /// [`migrate`](Self::migrate) is set, the table is created then.
    ///
    /// # Errors
    ///
    /// - The URL, one of its options, or another option is not valid.
    /// - The server refuses the user, the password or the database.
    /// - The server is older than PostgreSQL 12, or the database has another encoding than UTF-8.
    /// - The table is missing, was not created by this store, or cannot be created.
    pub async fn connect(self) -> Result<PostgresStore, ConfigError> {
        self.table.check()?;
        if self.command_timeout.is_zero() {
            return Err(ConfigError::new("the option `command_timeout` must not be zero"));
        }
        let migration = || Migration { table: self.table.clone(), unlogged: self.unlogged };
        let migration = self.migrate.then(migration);
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
                Client::on(pool, self.command_timeout, self.prepared_statements, migration)
            }
            (Source::Url(url), connections) => {
                let (options, prepared) = url::options(&url)?;
                let connections = connections.unwrap_or(MAX_CONNECTIONS);
                let prepared = prepared && self.prepared_statements;
                Client::open(options, connections, self.command_timeout, prepared, migration)
            }
        };
        let prepared = prepare(&client, &self.table, self.migrate.then_some(self.unlogged)).await;
        match prepared {
            Ok(()) => {}
            Err(Unfit::Config(error)) => return Err(error),
            Err(Unfit::Server(error)) if is_temporary(&error) => {
                tracing::warn!(%error, "PostgreSQL cannot be used yet, sessions will fail until it can");
            }
            Err(Unfit::Server(error)) => {
                return Err(ConfigError::with_source("PostgreSQL cannot be used", error));
            }
        }
        Ok(PostgresStore(Arc::new(Inner {
            client,
            sql: Sql::new(&self.table),
            tombstone_time: row::duration(self.tombstone_time.min(MAX_TOMBSTONE_TIME)),
        })))
    }
}

/// The longest tombstone time, a century: the server cannot add much more to the present.
const MAX_TOMBSTONE_TIME: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long it may take to create and check the table.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(60);

/// Creates the table for `Some(unlogged)`, and checks it.
async fn prepare(client: &Client, table: &Table, migrate: Option<bool>) -> Result<(), Unfit> {
    let mut connection = client.connection().await?;
    let prepared = tokio::time::timeout(PREPARE_TIMEOUT, async {
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

/// Whether the error may go away without a change of the configuration.
fn is_temporary(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        // The server shuts down or starts, has too many connections, or is read-only.
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
