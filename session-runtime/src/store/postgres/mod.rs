//! Sessions in PostgreSQL (feature `postgres`).

mod builder;
mod pool;
mod row;
mod run;
mod schema;
mod sql;
mod url;

use std::fmt;
use std::sync::Arc;

use sqlx::Row;
use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, SqlStr};

pub use self::builder::PostgresStoreBuilder;
use self::row::{Expiry, Ops, idle, millis, principal_column, principal_op, record, texts};
use self::run::{Access, Client};
use self::sql::Sql;
pub(super) use self::url::builder as of_url;
use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};

/// Keeps sessions in a table of a PostgreSQL database. Clones share the connections.
///
/// Every operation is one statement and one round trip, unless
/// [prepared statements](PostgresStoreBuilder::prepared_statements) are off. A save is one `UPDATE`
/// that changes the fields it was given and leaves the others alone, whoever else changes them at the
/// same time. The server's clock judges what is live. What has expired stays in the table until
/// [`sweep`](Store::sweep) removes it, up to an hour later; use
/// [`Sessions::sweep_every`](crate::Sessions::sweep_every).
///
/// A command that the server does not answer in time fails, see
/// [`command_timeout`](PostgresStoreBuilder::command_timeout). Only what provably was not executed is
/// done again: a read on a connection that was lost, and a statement that the server has rolled back
/// because of a deadlock, or refused because it is read-only.
///
/// After a failover the store finds the new primary by itself, if the URL leads there: it keeps no
/// connection to a server that is read-only, as a standby is.
///
/// Works with PostgreSQL 12 and later. Must be used within a tokio runtime.
///
/// ```no_run
/// use session_runtime::store::PostgresStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), session_runtime::ConfigError> {
/// let store = PostgresStore::connect("postgres://app:secret@db.internal/app").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    client: Client,
    sql: Sql,
    /// In milliseconds.
    tombstone_time: i64,
}

/// How many expired rows one statement deletes, so that it is short.
const SWEEP_BATCH: usize = 1_000;

type Statement = Query<'static, Postgres, PgArguments>;

impl PostgresStore {
    /// Uses the table `sessions` of the database that `url` names.
    ///
    /// # Errors
    ///
    /// As [`PostgresStoreBuilder::connect`].
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).connect().await
    }

    /// The database that `url` names, with options to choose.
    ///
    /// The URL is `postgres://user:password@host:port/database`; parts that are left out come from
    /// the environment (`PGHOST`, `PGUSER`, …), as for other PostgreSQL clients. Behind a `?` it
    /// takes `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `application_name`, `options`, `host`,
    /// `hostaddr`, `port`, `user`, `password`, `dbname` and `statement-cache-capacity` (0 turns
    /// [prepared statements](PostgresStoreBuilder::prepared_statements) off, for poolers).
    pub fn builder(url: impl Into<String>) -> PostgresStoreBuilder {
        PostgresStoreBuilder::of_url(url.into())
    }

    /// Uses a pool of `sqlx` 0.9 that is there already, with options to choose.
    ///
    /// Its connections are not asked whether there is a standby at their other end: one on which a
    /// write is refused is closed, but until then it may be read from.
    ///
    /// The pool should have `test_before_acquire(false)`: its default tries every connection before
    /// it is used, which costs a round trip more. Its connections should have a `statement_timeout`,
    /// see [`command_timeout`](PostgresStoreBuilder::command_timeout).
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

    /// Closes the connections, after what is under way has ended; every call fails from now on. A
    /// pool that was given is closed for its other users too.
    pub async fn close(&self) {
        self.0.client.close().await;
    }

    async fn read(
        &self,
        query: impl Fn() -> Statement + Send + Sync,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.0.client.run(Access::Read, query).await
    }

    async fn write(
        &self,
        query: impl Fn() -> Statement + Send + Sync,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.0.client.run(Access::Write, query).await
    }

    /// Runs `update`, or `rename` with its three more parameters.
    async fn patch(
        &self,
        sql: &SqlStr,
        key: &StoreKey,
        patch: &Patch,
        to: Option<&StoreKey>,
    ) -> Result<Updated, StoreError> {
        let ops = Ops::of(patch);
        let (set, expected) = (texts(&ops.set)?, texts(&ops.expected)?);
        let (changes, principal) = principal_op(&patch.principal);
        let expiry = Expiry::from(&patch.expiry);
        let rows = self.write(|| {
            let query = keyed(sql, key)
                .bind(set.clone())
                .bind(owned(&ops.removed))
                .bind(expected.clone())
                .bind(owned(&ops.absent))
                .bind(owned(&ops.added))
                .bind(ops.deltas.clone())
                .bind(ops.low.clone())
                .bind(ops.high.clone())
                .bind(ops.starts.clone())
                .bind(changes)
                .bind(principal.clone())
                .bind(expiry.until)
                .bind(expiry.deadline)
                .bind(expiry.idle)
                .bind(expiry.persistent);
            match to {
                Some(to) => {
                    let to = to.as_bytes().to_vec();
                    let moved = Some(to.clone()).filter(|_| !patch.signs_in());
                    query.bind(to).bind(self.0.tombstone_time).bind(moved)
                }
                None => query,
            }
        });
        let rows = rows.await?;
        let Some(row) = rows.first() else { return Ok(Updated::Gone) };
        if !get::<bool>(row, 0)? {
            return Ok(Updated::Applied);
        }
        refusal(patch, record(row, 1)?)
    }
}

/// Why the server refused the patch on this record.
fn refusal(patch: &Patch, current: Option<Record>) -> Result<Updated, StoreError> {
    let Some(current) = current else { return Ok(Updated::Gone) };
    match patch.apply(&mut current.clone()) {
        Applied::Conflict => Ok(Updated::Conflict(current)),
        Applied::Mismatch(key) => Ok(Updated::Mismatch(key)),
        Applied::Applied => {
            Err(StoreError::backend("PostgreSQL refused a patch that fits the record"))
        }
    }
}

impl Store for PostgresStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        let rows = self.read(|| keyed(&self.0.sql.load, key)).await?;
        let Some(row) = rows.first() else { return Ok(Loaded::Absent) };
        Ok(record(row, 0)?.map_or(Loaded::Gone, Loaded::Live))
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let fields = texts(&record.fields)?;
        let principal = record.principal.as_ref().map(principal_column);
        let rows = self.write(|| {
            keyed(&self.0.sql.create, key)
                .bind(fields.clone())
                .bind(millis(record.created_at))
                .bind(millis(record.expires_at))
                .bind(millis(record.deadline))
                .bind(idle(record.lifetime))
                .bind(record.lifetime.persistent)
                .bind(principal.clone())
        });
        Ok(if rows.await?.is_empty() { Created::Exists } else { Created::Created })
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.patch(&self.0.sql.update, key, patch, None).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.patch(&self.0.sql.rename, from, patch, Some(to)).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let mut key = *key;
        loop {
            let delete = || keyed(&self.0.sql.delete, &key).bind(self.0.tombstone_time);
            let rows = self.write(delete).await?;
            match rows.first().map(|row| moved_to(row, 0)).transpose()?.flatten() {
                Some(to) => key = to,
                None => return Ok(()),
            }
        }
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        while removed < limit {
            let batch = SWEEP_BATCH.min(limit - removed);
            let rows = i64::try_from(batch).unwrap_or(i64::MAX);
            let swept =
                self.write(|| sqlx::query(self.0.sql.sweep.clone()).bind(rows)).await?.len();
            removed += swept;
            if swept < batch {
                break;
            }
        }
        Ok(removed)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let principal = principal_column(principal);
        let query = || sqlx::query(self.0.sql.list.clone()).bind(principal.clone());
        let mut infos = Vec::new();
        for row in self.read(query).await? {
            if let Some(record) = record(&row, 0)? {
                infos.push(SessionInfo { key: key(&row, 7)?, record });
            }
        }
        Ok(infos)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let principal = principal_column(principal);
        let ended = self.write(|| {
            sqlx::query(self.0.sql.delete_all.clone())
                .bind(principal.clone())
                .bind(except.map(|key| key.as_bytes().to_vec()))
                .bind(self.0.tombstone_time)
        });
        Ok(ended.await?.len())
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let after = after.map(Cursor::key).transpose()?;
        // An empty key is before all others.
        let after = after.map_or(Vec::new(), |key| key.as_bytes().to_vec());
        let limit = limit.max(1);
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = || sqlx::query(self.0.sql.scan.clone()).bind(after.clone()).bind(most);
        let rows = self.read(query).await?;
        let mut page = Page::default();
        for row in &rows {
            if let Some(record) = record(row, 0)? {
                page.sessions.push(SessionInfo { key: key(row, 7)?, record });
            }
        }
        if let Some(last) = rows.last().filter(|_| rows.len() == limit) {
            page.next = Some(Cursor::after(&key(last, 7)?));
        }
        Ok(page)
    }
}

fn keyed(sql: &SqlStr, key: &StoreKey) -> Statement {
    sqlx::query(sql.clone()).bind(key.as_bytes().to_vec())
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn key(row: &PgRow, column: usize) -> Result<StoreKey, StoreError> {
    to_key(get(row, column)?)
}

fn moved_to(row: &PgRow, column: usize) -> Result<Option<StoreKey>, StoreError> {
    get::<Option<_>>(row, column)?.map(to_key).transpose()
}

fn to_key(bytes: Vec<u8>) -> Result<StoreKey, StoreError> {
    let bytes = bytes.try_into().map_err(|_| {
        StoreError::backend("a session is stored under a key that is not 16 bytes long")
    })?;
    Ok(StoreKey::from_bytes(bytes))
}

fn get<'r, T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(StoreError::backend)
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
