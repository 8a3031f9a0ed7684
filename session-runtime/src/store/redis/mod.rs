//! Sessions in Redis or Valkey: on one server (feature `redis`), on a cluster (feature
//! `redis-cluster`), and through Webdis (feature `webdis`).
//!
//! | where | what |
//! | --- | --- |
//! | `store`, `builder`, `url` | the store for one server |
//! | `cluster`, `webdis` | the other two stores |
//! | `batch` | how updates share a script call |
//! | `list`, `scan` | reading many sessions |
//! | `server`, `connections` | one server |
//! | `transport`, `replicas`, `deadline` | how commands are sent, to any kind of server |
//! | `shared_connection` | how a lost connection is replaced |
//! | `script` | the Lua scripts, their calls and answers |
//! | `layout` | how a session is stored |

mod answer;
mod batch;
mod builder;
mod call_script;
#[cfg(feature = "redis-cluster")]
mod cluster;
mod connections;
mod deadline;
mod layout;
mod list;
mod options;
mod replicas;
mod scan;
mod script;
mod server;
mod shared_connection;
mod store;
mod tls;
mod transport;
mod url;
#[cfg(feature = "webdis")]
mod webdis;

pub use self::builder::RedisStoreBuilder;
#[cfg(feature = "redis-cluster")]
pub(super) use self::cluster::of_url as cluster_of_url;
#[cfg(feature = "redis-cluster")]
pub use self::cluster::{RedisClusterStore, RedisClusterStoreBuilder};
pub use self::store::RedisStore;
pub(super) use self::url::of_url;
#[cfg(feature = "webdis")]
pub(super) use self::webdis::of_url as webdis_of_url;
#[cfg(feature = "webdis")]
pub use self::webdis::{WebdisStore, WebdisStoreBuilder};
