//! Sessions in an SQLite file (feature `sqlite`).

mod builder;
mod checkpoint;
mod reader;
mod row;
mod schema;
mod store;
mod synchronous;
#[cfg(test)]
mod tests;
mod transaction;
mod url;
mod writer;

pub use self::builder::SqliteStoreBuilder;
pub use self::store::SqliteStore;
pub use self::synchronous::Synchronous;
pub(super) use self::url::open as open_url;
