//! Runs statements: in bounded time, and a second time only if that is safe.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, SqlSafeStr, SqlStr};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::pool::{self, Losses, with_timeout};
use super::schema::Table;
use crate::error::StoreError;

/// What a statement does, which decides whether it may run a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The connections, and how statements run on them.
pub(super) struct Client {
    pool: PgPool,
    command_timeout: Duration,
    losses: Arc<Losses>,
    /// Begins the transaction of each statement; `None` if the server keeps prepared statements.
    begin: Option<SqlStr>,
    /// The table to create when a statement finds it missing.
    migration: Option<Migration>,
}

/// How to create the table.
#[derive(Clone)]
pub(super) struct Migration {
    pub(super) table: Table,
    pub(super) unlogged: bool,
}

impl Client {
    /// Uses an existing pool.
    pub(super) fn on(
        pool: PgPool,
        command_timeout: Duration,
        prepared: bool,
        migration: Option<Migration>,
    ) -> Self {
        let limit = limit(&pool.connect_options(), command_timeout);
        let begin = (!prepared).then(|| begin(limit));
        Self { pool, command_timeout, losses: Arc::default(), begin, migration }
    }

    /// Makes a pool that connects when it is first needed.
    pub(super) fn open(
        options: PgConnectOptions,
        max_connections: u32,
        command_timeout: Duration,
        prepared: bool,
        migration: Option<Migration>,
    ) -> Self {
        let limit = limit(&options, command_timeout);
        let (options, begin) = match (limit, prepared) {
            (Some(limit), true) => (options.options([("statement_timeout", limit)]), None),
            (None, true) => (options, None),
            (limit, false) => (options, Some(begin(limit))),
        };
        let losses = Arc::<Losses>::default();
        let pool = pool::open(options, max_connections, command_timeout, losses.clone());
        Self { pool, command_timeout, losses, begin, migration }
    }

    /// A connection for other statements.
    pub(super) async fn connection(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        match timeout(self.command_timeout, self.pool.acquire()).await {
            Ok(acquired) => acquired,
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs one statement and returns its rows after the commit.
    pub(super) async fn run(
        &self,
        access: Access,
        query: impl Fn() -> Query<'static, Postgres, PgArguments> + Sync,
    ) -> Result<Vec<PgRow>, StoreError> {
        match timeout(self.command_timeout, self.attempts(access, query)).await {
            Ok(answer) => answer.map_err(StoreError::backend),
            Err(_) => {
                self.losses.note();
                let command_timeout = self.command_timeout;
                let message = format!("PostgreSQL did not answer within {command_timeout:?}");
                Err(StoreError::backend(message))
            }
        }
    }

    async fn attempts(
        &self,
        access: Access,
        query: impl Fn() -> Query<'static, Postgres, PgArguments> + Sync,
    ) -> sqlx::Result<Vec<PgRow>> {
        let mut pause = Duration::from_millis(1);
        loop {
            let mut running = Running {
                connection: Some(self.pool.acquire().await?),
                command_timeout: self.command_timeout,
                in_transaction: self.begin.is_some(),
            };
            let answer = match &self.begin {
                None => query().fetch_all(running.connection()).await,
                Some(begin) => in_transaction(running.connection(), begin, query()).await,
            };
            let mut error = match answer {
                Ok(rows) => {
                    running.end();
                    return Ok(rows);
                }
                Err(error) => error,
            };
            let migration = self.migration.as_ref().filter(|_| is_table_missing(&error));
            let mut is_migrated = false;
            if let Some(Migration { table, unlogged }) = migration {
                // The server could not be reached when the store was opened.
                match table.migrate(running.connection(), *unlogged).await {
                    Ok(()) => is_migrated = true,
                    Err(failed) => error = failed,
                }
            }
            // This happens after a failover. The noted loss makes the pool test idle connections.
            let read_only = is_read_only(&error);
            match read_only {
                true => running.close(),
                false => running.end(),
            }
            let lost = read_only || is_lost(&error);
            if lost {
                self.losses.note();
            }
            let may_repeat = is_migrated
                || read_only
                || was_rolled_back(&error)
                || lost && access == Access::Read;
            if !may_repeat {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            // On a read-only server each attempt costs a connection, so the pause gets longer.
            pause = (pause * 2).min(Duration::from_millis(if read_only { 512 } else { 32 }));
        }
    }
}

/// The server's limit for a statement in milliseconds; `None` if the options set one.
///
/// It is as long as the store waits. Otherwise the server would continue with an abandoned
/// statement and might execute it later, when nobody expects it, while new connections are opened.
fn limit(options: &PgConnectOptions, command_timeout: Duration) -> Option<i32> {
    let is_set = options.get_options().is_some_and(|set| set.contains("statement_timeout"));
    let millis = command_timeout.as_nanos().div_ceil(1_000_000);
    (!is_set).then(|| i32::try_from(millis).unwrap_or(i32::MAX))
}

/// Begins a transaction whose statements have this limit.
///
/// A limit for the whole connection would also apply to other clients that get it from the pooler.
fn begin(limit: Option<i32>) -> SqlStr {
    let Some(limit) = limit else { return "BEGIN".into_sql_str() };
    let sql = format!("BEGIN; SET LOCAL statement_timeout = {limit}");
    AssertSqlSafe(Arc::<str>::from(sql)).into_sql_str()
}

/// Runs one statement in a transaction, without a prepared statement that lasts.
///
/// The client prepares and executes in two steps. Without a transaction, a pooler could use
/// different servers for them.
async fn in_transaction(
    connection: &mut PgConnection,
    begin: &SqlStr,
    query: Query<'static, Postgres, PgArguments>,
) -> sqlx::Result<Vec<PgRow>> {
    sqlx::raw_sql(begin.clone()).execute(&mut *connection).await?;
    let answer = query.persistent(false).fetch_all(&mut *connection).await;
    let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sqlx::raw_sql(end).execute(connection).await;
    answer.and_then(|rows| ended.map(|_| rows))
}

/// Whether the server has rolled the statement back because of another one.
///
/// That happens after a deadlock, or if the isolation level is stricter than the store needs.
fn was_rolled_back(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("40P01" | "40001"))
}

/// Whether the server refused the write: it is a standby, or its transactions are read-only.
fn is_read_only(error: &sqlx::Error) -> bool {
    code(error).as_deref() == Some("25006")
}

/// Whether the table or its schema is missing.
fn is_table_missing(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("42P01" | "3F000"))
}

/// Whether the connection, or the server, was lost.
fn is_lost(error: &sqlx::Error) -> bool {
    let shut_down = || matches!(code(error).as_deref(), Some("57P01" | "57P02" | "57P03"));
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) || shut_down()
}

/// The SQLSTATE code of an error of the server.
pub(super) fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// A connection that runs a statement.
struct Running {
    /// `None` once the statement has ended.
    connection: Option<PoolConnection<Postgres>>,
    command_timeout: Duration,
    in_transaction: bool,
}

impl Running {
    fn connection(&mut self) -> &mut PgConnection {
        // Only `end` and `close` take the connection, and they consume `self`.
        self.connection.as_mut().expect("the statement has not ended")
    }

    /// The statement has ended: the connection returns to the pool.
    fn end(mut self) {
        self.connection = None;
    }

    /// The statement has ended, and the connection must not be used again.
    fn close(mut self) {
        self.connection.take().map(PoolConnection::detach);
    }
}

impl Drop for Running {
    /// Waits for the answer of an abandoned statement before the connection returns to the pool.
    ///
    /// The pool itself would wait without a limit. If the answer does not come in time, the
    /// connection is closed.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let (limit, in_transaction) = (self.command_timeout, self.in_transaction);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                // Both wait for the answer of the abandoned statement first.
                let settled = match in_transaction {
                    true => with_timeout(limit, roll_back(&mut connection)).await,
                    false => with_timeout(limit, connection.ping()).await,
                };
                if settled.is_err() {
                    drop(connection.detach());
                }
            })),
            Err(_) => drop(connection.detach()),
        }
    }
}

async fn roll_back(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql("ROLLBACK").execute(connection).await.map(drop)
}
