//! Sessions in a Redis Cluster (feature `redis-cluster`).
//!
//! Every key may be on another server, so each script works on one key. What is one step on one
//! server takes several steps here. They can stop after any of them. Their order makes sure that a
//! session never has two live keys, and that the index of its principal contains every live
//! session:
//!
//! - A rename first marks the old key as moved to the new one (`move_out.lua`). Then it creates the
//!   session under the new key.
//! - An index entry is written before its session is created, and removed after its session is
//!   deleted. While it is provisional, readers know that its session may not be created yet.
//! - `delete` and `delete_all` follow a moved session to its new key. If it has not arrived there
//!   yet, they leave a tombstone, and so it never arrives.

mod answer;
mod builder;
mod connections;
mod operations;
mod scan;
mod steps;
mod store;
mod url;

pub use self::builder::RedisClusterStoreBuilder;
pub use self::store::RedisClusterStore;
pub(in crate::store) use self::url::of_url;
