//! Sessions in PostgreSQL (feature `postgres`).

mod builder;
mod pool;
mod row;
mod run;
mod schema;
mod sql;
mod store;
mod url;

pub use self::builder::PostgresStoreBuilder;
pub use self::store::PostgresStore;
pub(super) use self::url::builder as of_url;
