//! The store and its operations.

use std::fmt;
use std::sync::Arc;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, SqlStr};

use super::row::{
    Expiry, Ops, get, idle, key, millis, moved_to, principal_column, principal_op, record, texts,
};
use super::run::{Access, Client};
use super::sql::Sql;
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};
use crate::store::contract::{Created, Loaded, Store, Updated};
use crate::store::page::{Cursor, Page, SessionInfo};

/// Keeps sessions in a table of a PostgreSQL database. Clones share the connections.
///
/// Every operation is one statement and one round trip, unless
/// [prepared statements](super::PostgresStoreBuilder::prepared_statements) are off. A save is one
/// `UPDATE` that changes only the fields in its patch, so concurrent saves of other fields survive.
///
/// The server's clock decides what is live. Expired rows stay in the table until
/// [`sweep`](Store::sweep) removes them, which is up to an hour after their expiry. Use
/// [`Sessions::sweep_every`](crate::Sessions::sweep_every).
///
/// A command fails if the server does not answer in time, see
/// [`command_timeout`](super::PostgresStoreBuilder::command_timeout). The store repeats only what
/// provably was not executed: a read on a lost connection, and a statement that the server rolled
/// back because of a deadlock, or refused because it is read-only.
///
/// After a failover the store finds the new primary by itself, if the URL leads there. It keeps no
/// connection to a read-only server, such as a standby.
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
pub struct PostgresStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) sql: Sql,
    /// In milliseconds.
    pub(super) tombstone_time: i64,
}

/// How many expired rows a sweep deletes in one statement, so that each statement is short.
const SWEEP_BATCH: usize = 1_000;

type Statement = Query<'static, Postgres, PgArguments>;

impl PostgresStore {
    /// Waits for the running statements, then closes the connections. Every later call fails.
    ///
    /// A pool that was given is closed for its other users, too.
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

    /// Runs `update`, or `rename`, which has three more parameters.
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
                    let moved_to = Some(to.clone()).filter(|_| !patch.signs_in());
                    query.bind(to).bind(self.0.tombstone_time).bind(moved_to)
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

/// The answer if the server refused the patch on this record.
fn refusal(patch: &Patch, current: Option<Record>) -> Result<Updated, StoreError> {
    let Some(current) = current else { return Ok(Updated::Gone) };
    match patch.apply(&mut current.clone()) {
        Applied::Applied => {
            Err(StoreError::backend("PostgreSQL refused a patch that fits the record"))
        }
        refused => Ok(Updated::of(refused, &current)),
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
        let deleted = self.write(|| {
            sqlx::query(self.0.sql.delete_all.clone())
                .bind(principal.clone())
                .bind(except.map(|key| key.as_bytes().to_vec()))
                .bind(self.0.tombstone_time)
        });
        Ok(deleted.await?.len())
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let after = after.map(Cursor::key).transpose()?;
        // An empty key sorts before all others.
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

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
