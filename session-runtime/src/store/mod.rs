//! The contract between sessions and the stores that keep them.
//!
//! [`connect`] opens a store by its URL, and each store has a builder for its options.
//!
//! To write another store, implement [`Store`] in one file and prove it with the `conformance`
//! suite (feature `conformance`).

mod any;
mod connect;
mod contract;
mod memory;
mod methods;
mod migrating;
#[cfg(feature = "mongodb")]
mod mongodb;
mod page;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;

pub use self::any::AnyStore;
pub use self::connect::{connect, connect_existing};
pub(crate) use self::contract::TOMBSTONE_TIME;
pub use self::contract::{Created, Loaded, Store, Updated};
pub use self::memory::{MemoryStore, MemoryStoreBuilder};
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::methods::store_methods;
pub use self::migrating::MigratingStore;
#[cfg(feature = "mongodb")]
pub use self::mongodb::{MongoStore, MongoStoreBuilder};
pub use self::page::{Cursor, Page, SessionInfo};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresStore, PostgresStoreBuilder};
#[cfg(feature = "redis-cluster")]
pub use self::redis::{RedisClusterStore, RedisClusterStoreBuilder};
#[cfg(feature = "redis")]
pub use self::redis::{RedisStore, RedisStoreBuilder};
#[cfg(feature = "webdis")]
pub use self::redis::{WebdisStore, WebdisStoreBuilder};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteStore, SqliteStoreBuilder, Synchronous};
pub use crate::error::StoreError;
