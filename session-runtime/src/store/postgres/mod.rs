//! Sessions in PostgreSQL (feature `postgres`).

mod builder;
mod from_url;
mod pool;
mod row;
mod run;
mod schema;
mod sql;
mod store;
mod url;

pub use self::builder::PostgresStoreBuilder;
pub(super) use self::from_url::builder as of_url;
pub use self::store::PostgresStore;
