//! Stores on tables of their own, and what the tests put into them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use session_runtime::patch::{FieldOp, Patch, PrincipalOp};
use session_runtime::record::{Fields, Lifetime, Principal, Record};
use session_runtime::store::{Loaded, PostgresStore, PostgresStoreBuilder, Store};
use session_runtime::{StoreKey, Timestamp};
use sqlx::postgres::PgPool;
use test_servers::Kind;

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// A store, and direct access to its table.
pub(crate) struct Site {
    pub(crate) store: PostgresStore,
    pub(crate) pool: PgPool,
    pub(crate) table: String,
}

impl Site {
    /// `None` if the person who runs the tests left the server out.
    pub(crate) async fn new() -> Option<Self> {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(
        options: impl FnOnce(PostgresStoreBuilder) -> PostgresStoreBuilder,
    ) -> Option<Self> {
        let (url, table) = (url()?, table());
        let store = options(builder(&url, &table)).connect().await.unwrap();
        Some(Self { store, pool: database(&url).await, table })
    }

    /// Runs SQL with the table's name for `{table}`.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = sql.replace("{table}", &format!(r#""{}""#, self.table));
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&self.pool).await.unwrap();
    }

    /// Asks for one number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = sql.replace("{table}", &format!(r#""{}""#, self.table));
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn create(&self, record: &Record) -> StoreKey {
        let key = key();
        let _ = self.store.create(&key, record).await.unwrap();
        key
    }

    pub(crate) async fn is_live(&self, key: &StoreKey) -> bool {
        matches!(self.store.load(key).await.unwrap(), Loaded::Live(_))
    }
}

/// The server; `None` if the person who runs the tests left it out.
pub(crate) fn url() -> Option<String> {
    test_servers::url(Kind::Postgres)
}

/// The same with an option.
pub(crate) fn with(url: &str, option: &str) -> String {
    format!("{url}{}{option}", if url.contains('?') { '&' } else { '?' })
}

/// A name that no other table has.
pub(crate) fn table() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let millis = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    format!("Test_{}_{millis}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn builder(url: &str, table: &str) -> PostgresStoreBuilder {
    PostgresStore::builder(url).table(table).migrate()
}

pub(crate) async fn database(url: &str) -> PgPool {
    PgPool::connect(url).await.unwrap()
}

/// A key that no other test has.
pub(crate) fn key() -> StoreKey {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut bytes = [7; 16];
    bytes[..4].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    StoreKey::from_bytes(bytes)
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

pub(crate) fn record(fields: &[(&str, &str)]) -> Record {
    Record {
        fields: Fields::from_iter(fields.iter().copied()),
        created_at: now(),
        expires_at: now() + HOUR,
        deadline: now() + HOUR * 24,
        lifetime: Lifetime { idle: HOUR, persistent: false },
        principal: None,
    }
}

pub(crate) fn record_of(principal: &Principal) -> Record {
    Record { principal: Some(principal.clone()), ..record(&[("n", "0")]) }
}

pub(crate) fn patch(key: &str, op: FieldOp) -> Patch {
    Patch { fields: vec![(key.into(), op)], ..Patch::empty() }
}

pub(crate) fn add_one() -> Patch {
    patch("n", FieldOp::Add { delta: 1, min: 0, max: i64::MAX, start: 0 })
}

pub(crate) fn sign_in(principal: &Principal) -> Patch {
    Patch { principal: PrincipalOp::Set(principal.clone()), ..Patch::empty() }
}
