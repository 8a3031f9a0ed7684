//! Running statements: in bounded time, and again only where that is safe.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, SqlSafeStr, SqlStr};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::pool::{self, Losses, in_time};
use super::schema::Table;
use crate::store::StoreError;

/// What a statement does, and so whether it may be run a second time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The connections, and how long to wait for an answer.
pub(super) struct Client {
    pool: PgPool,
    patience: Duration,
    losses: Arc<Losses>,
    /// What begins the transaction that each statement is; `None` where the server keeps statements.
    begin: Option<SqlStr>,
    /// What to make when it is missing.
    missing: Option<Migration>,
}

/// The table, as it is made on request.
#[derive(Clone)]
pub(super) struct Migration {
    pub(super) table: Table,
    pub(super) unlogged: bool,
}

impl Client {
    /// Uses a pool that somebody else has made.
    pub(super) fn on(
        pool: PgPool,
        patience: Duration,
        prepared: bool,
        missing: Option<Migration>,
    ) -> Self {
        let limit = limit(&pool.connect_options(), patience);
        let begin = (!prepared).then(|| begin(limit));
        Self { pool, patience, losses: Arc::default(), begin, missing }
    }

    /// Makes a pool, which connects when it is needed.
    pub(super) fn open(
        options: PgConnectOptions,
        max_connections: u32,
        patience: Duration,
        prepared: bool,
        missing: Option<Migration>,
    ) -> Self {
        let limit = limit(&options, patience);
        let (options, begin) = match (limit, prepared) {
            (Some(limit), true) => (options.options([("statement_timeout", limit)]), None),
            (None, true) => (options, None),
            (limit, false) => (options, Some(begin(limit))),
        };
        let losses = Arc::<Losses>::default();
        let pool = pool::open(options, max_connections, patience, losses.clone());
        Self { pool, patience, losses, begin, missing }
    }

    /// A connection for something else.
    pub(super) async fn connection(&self) -> sqlx::Result<PoolConnection<Postgres>> {
        match timeout(self.patience, self.pool.acquire()).await {
            Ok(acquired) => acquired,
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs one statement and answers its rows, after it is committed.
    pub(super) async fn run(
        &self,
        access: Access,
        query: impl Fn() -> Query<'static, Postgres, PgArguments> + Sync,
    ) -> Result<Vec<PgRow>, StoreError> {
        match timeout(self.patience, self.attempts(access, query)).await {
            Ok(answer) => answer.map_err(StoreError::backend),
            Err(_) => {
                self.losses.note();
                let patience = self.patience;
                let message = format!("PostgreSQL did not answer within {patience:?}");
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
                patience: self.patience,
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
            let missing = self.missing.as_ref().filter(|_| is_missing(&error));
            let mut made = false;
            if let Some(Migration { table, unlogged }) = missing {
                // The server was not there yet when the store was opened.
                match table.migrate(running.connection(), *unlogged).await {
                    Ok(()) => made = true,
                    Err(failed) => error = failed,
                }
            }
            // After a failover: what was idle meanwhile is tried before it is used.
            let read_only = is_read_only(&error);
            match read_only {
                true => running.close(),
                false => running.end(),
            }
            let lost = read_only || is_lost(&error);
            if lost {
                self.losses.note();
            }
            let again =
                made || read_only || was_rolled_back(&error) || lost && access == Access::Read;
            if !again {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            // Each time costs a connection where the server is read-only.
            pause = (pause * 2).min(Duration::from_millis(if read_only { 512 } else { 32 }));
        }
    }
}

/// After how many milliseconds the server gives up a statement, unless the options say it: when nobody
/// waits for it any more. Otherwise it would go on, and do later what nobody expects, while another
/// connection takes the place of its own.
fn limit(options: &PgConnectOptions, patience: Duration) -> Option<i32> {
    let is_set = options.get_options().is_some_and(|set| set.contains("statement_timeout"));
    let millis = patience.as_nanos().div_ceil(1_000_000);
    (!is_set).then(|| i32::try_from(millis).unwrap_or(i32::MAX))
}

/// Begins a transaction whose statements have this limit. A limit for the connection would be one for
/// others too, who get it from the pooler.
fn begin(limit: Option<i32>) -> SqlStr {
    let Some(limit) = limit else { return "BEGIN".into_sql_str() };
    let sql = format!("BEGIN; SET LOCAL statement_timeout = {limit}");
    AssertSqlSafe(Arc::<str>::from(sql)).into_sql_str()
}

/// Runs one statement that the server does not keep. The client prepares and runs it in two steps,
/// between which a pooler would change the server if they were not in one transaction.
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

/// Whether the server says that it has undone the statement because another one was in the way:
/// after a deadlock, or where the isolation level was set to more than it needs to be.
fn was_rolled_back(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("40P01" | "40001"))
}

/// Whether the server has refused to write: it is a standby now, or its transactions are read-only.
fn is_read_only(error: &sqlx::Error) -> bool {
    code(error).as_deref() == Some("25006")
}

/// Whether there is no such table, or schema.
fn is_missing(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("42P01" | "3F000"))
}

/// Whether the connection, or the server, was lost.
fn is_lost(error: &sqlx::Error) -> bool {
    let shut_down = || matches!(code(error).as_deref(), Some("57P01" | "57P02" | "57P03"));
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) || shut_down()
}

pub(super) fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// A connection with a statement on its way.
struct Running {
    /// `None` after its end.
    connection: Option<PoolConnection<Postgres>>,
    patience: Duration,
    in_transaction: bool,
}

impl Running {
    fn connection(&mut self) -> &mut PgConnection {
        // Only `end` takes it away, and that consumes this.
        self.connection.as_mut().expect("the statement has not ended")
    }

    /// The answer is there.
    fn end(mut self) {
        self.connection = None;
    }

    /// The same, and no other statement is to be run on this connection.
    fn close(mut self) {
        self.connection.take().map(PoolConnection::detach);
    }
}

impl Drop for Running {
    /// If the answer is not there, waits for it before the connection goes back to the pool, which
    /// itself would wait forever; if it does not come soon, the connection is closed.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let (patience, in_transaction) = (self.patience, self.in_transaction);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                // Each of them lets the connection answer first what it was asked before.
                let settled = match in_transaction {
                    true => in_time(patience, roll_back(&mut connection)).await,
                    false => in_time(patience, connection.ping()).await,
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
