//! A store on a table of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use session_runtime::store::{PostgresStore, PostgresStoreBuilder};
use sqlx::postgres::PgPool;
use test_servers::Kind;

/// The server; `None` if the person who runs the tests left it out.
pub(crate) fn url() -> Option<String> {
    test_servers::url(Kind::Postgres)
}

/// A name that no other table has.
pub(crate) fn table() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("Sessions_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn builder(url: &str, table: &str) -> PostgresStoreBuilder {
    PostgresStore::builder(url).table(table).migrate()
}

/// A look past the store.
pub(crate) async fn database(url: &str) -> PgPool {
    PgPool::connect(url).await.unwrap()
}
