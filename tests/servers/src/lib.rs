//! Real servers for tests.
//!
//! [`url`] returns the URL of a server. Either its variable (`REDIS_URL`, …) names one, or this
//! process starts one, on a free loopback port with an empty data folder. `cargo xtask test` starts
//! the servers once for all test programs and sets the variables. Plain `cargo test` starts them
//! for each program that needs one. They end with the process that started them, however it ends.
//!
//! A server that is missing is installed where that is possible (Debian or Ubuntu, as root);
//! otherwise the tests that need it fail with a message that says what to install. Only the servers
//! in the variable `SESSION_TESTS_WITHOUT` (comma-separated: `postgres,mongodb`) are left out.

mod chromium;
mod install;
mod mongodb;
mod pgbouncer;
mod postgres;
mod process;
mod redis;
mod redis_cluster;
mod tree;
mod webdis;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

pub use self::install::program;
pub use self::mongodb::start as start_mongodb;
pub use self::pgbouncer::start as start_pgbouncer;
pub use self::process::Server;
pub use self::redis::start as start_redis;
pub use self::redis_cluster::{kill_node, start as start_redis_cluster};
pub use self::webdis::start as start_webdis;

/// An error message for a person.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The kinds of servers that tests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Redis, without replicas and without a password.
    Redis,
    /// Redis Cluster, three primaries with a replica each, without a password.
    RedisCluster,
    /// Webdis, without a password, and the Redis behind it.
    Webdis,
    /// MongoDB, without a password.
    MongoDb,
    /// PostgreSQL.
    Postgres,
    /// ChromeDriver, which starts a Chromium for each session.
    Chromium,
}

impl Kind {
    /// All of them, in the order in which they are started.
    pub const ALL: &'static [Self] = &[
        Self::Redis,
        Self::RedisCluster,
        Self::Webdis,
        Self::MongoDb,
        Self::Postgres,
        Self::Chromium,
    ];

    /// The name, as in `SESSION_TESTS_WITHOUT` and `--without`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::RedisCluster => "redis-cluster",
            Self::Webdis => "webdis",
            Self::MongoDb => "mongodb",
            Self::Postgres => "postgres",
            Self::Chromium => "chromium",
        }
    }

    /// The variable that names a running server.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Redis => "REDIS_URL",
            Self::RedisCluster => "REDIS_CLUSTER_URL",
            Self::Webdis => "WEBDIS_URL",
            Self::MongoDb => "MONGODB_URL",
            Self::Postgres => "POSTGRES_URL",
            Self::Chromium => "CHROMEDRIVER_URL",
        }
    }

    /// Starts a server of this kind for this caller only. It is stopped when it is dropped.
    ///
    /// # Errors
    ///
    /// If it is not installed and cannot be, or does not start.
    pub fn start(self) -> Result<Server, Error> {
        match self {
            Self::Redis => redis::start(&[]),
            Self::RedisCluster => redis_cluster::start(&[]),
            Self::Webdis => webdis::start(&[], "[]"),
            Self::MongoDb => mongodb::start(&[]),
            Self::Postgres => postgres::start(),
            Self::Chromium => chromium::start(),
        }
    }
}

/// The URL of a server of this kind; `None` if the person who runs the tests left it out.
///
/// # Panics
///
/// If it cannot be started: a test without its server has failed.
pub fn url(kind: Kind) -> Option<String> {
    if is_left_out(kind) {
        eprintln!("left out as asked: {}", kind.name());
        return None;
    }
    if let Some(url) = named(kind) {
        return Some(url);
    }
    static STARTED: Mutex<Option<HashMap<Kind, Server>>> = Mutex::new(None);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    let started = started.get_or_insert_default();
    let server = started.entry(kind).or_insert_with(|| match kind.start() {
        Ok(server) => server,
        Err(error) => panic!("no {} for the tests: {error}", kind.name()),
    });
    Some(server.url().to_owned())
}

/// Whether the person who runs the tests left this kind out.
pub fn is_left_out(kind: Kind) -> bool {
    let left_out = std::env::var("SESSION_TESTS_WITHOUT").unwrap_or_default();
    left_out.split(',').any(|name| name.trim() == kind.name())
}

/// The running server that the variable names.
pub fn named(kind: Kind) -> Option<String> {
    std::env::var(kind.variable()).ok().filter(|url| !url.is_empty())
}
