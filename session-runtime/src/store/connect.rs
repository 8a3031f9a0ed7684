//! Opens the store that a URL names.

use super::any::AnyStore;
use super::memory::MemoryStore;
use super::url::{named, split};
use crate::error::ConfigError;

/// Opens the store that a URL names, such as one from a configuration file.
///
/// | URL | store |
/// | --- | --- |
/// | `memory:` | [`MemoryStore`] |
/// | `sqlite:sessions.db`, `sqlite:///var/lib/app/sessions.db` | `SqliteStore` (feature `sqlite`) |
/// | `redis://user:password@host:6379/0`, `rediss://host` with TLS | `RedisStore` (feature `redis`) |
/// | `redis-cluster://user:password@host:6379,host:6379`, `rediss-cluster://host` with TLS | `RedisClusterStore` (feature `redis-cluster`) |
/// | `webdis://user:password@host:7379` | `WebdisStore` (feature `webdis`) |
/// | `mongodb://user:password@host:27017/database`, `mongodb+srv://host/database` if the crate `mongodb` has its feature `dns-resolver` | `MongoStore` (feature `mongodb`) |
/// | `postgres://user:password@host/database` | `PostgresStore` (feature `postgres`) |
///
/// Options follow a `?`; the table shows their defaults. In paths and options, `%` and two
/// hexadecimal digits stand for a byte. In a password write `%2F`, `%3F` and `%40` for `/`, `?` and
/// `@`.
///
/// | store | options |
/// | --- | --- |
/// | `sqlite:` | `table=sessions`, `synchronous=full` (or `normal`) |
/// | `redis:`, `rediss:`, `redis-cluster:`, `rediss-cluster:` | `prefix=session:`, `command_timeout_ms=2000`, `tombstone_time_ms=60000`, `wait_replicas` together with `wait_timeout_ms` |
/// | `webdis:` | `prefix=session:`, `command_timeout_ms=2000`, `max_connections=16`, `tombstone_time_ms=60000` |
/// | `mongodb:`, `mongodb+srv:` | `collection=sessions`, `command_timeout_ms=5000`, `tombstone_time_ms=60000`, and the options of MongoDB's connection strings |
/// | `postgres:` | `table=sessions`, `schema`, `migrate=false`, `unlogged=false`, `max_connections=10`, `command_timeout_ms=5000`, `tombstone_time_ms=60000`, and the options of the connection itself, such as `sslmode` |
///
/// For Redis at a Unix socket use `RedisStore::open`; it has no URL here.
///
/// Must be called within a tokio runtime.
///
/// # Errors
///
/// - The scheme is unknown, or its feature is off.
/// - An option is unknown, given twice, or not valid.
/// - The store cannot be opened.
///
/// No error shows a password.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), session_runtime::ConfigError> {
/// let store = session_runtime::store::connect("memory:").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
pub async fn connect(url: &str) -> Result<AnyStore, ConfigError> {
    open(url, true).await
}

/// Opens a store that exists already; for tools, which may get a misspelt name.
///
/// Like [`connect`], but it creates no file, table or collection, and PostgreSQL's `migrate` has no
/// effect. Redis has nothing to create.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # #[cfg(feature = "sqlite")]
/// assert!(session_runtime::store::connect_existing("sqlite:misspelt.db").await.is_err());
/// # }
/// ```
///
/// # Errors
///
/// As [`connect`]; also if the file, the table or the collection is missing.
pub async fn connect_existing(url: &str) -> Result<AnyStore, ConfigError> {
    open(url, false).await
}

#[cfg_attr(
    not(any(feature = "sqlite", feature = "mongodb", feature = "postgres")),
    expect(unused_variables, reason = "the other stores have nothing to create")
)]
async fn open(url: &str, create: bool) -> Result<AnyStore, ConfigError> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err(ConfigError::new(format_args!(
            "a store's URL begins with a scheme and a colon, {KNOWN}"
        )));
    };
    match scheme {
        "memory" => memory(rest),
        #[cfg(feature = "sqlite")]
        "sqlite" => super::sqlite::open_url(rest, create).await.map(AnyStore::new),
        #[cfg(feature = "redis")]
        "redis" | "rediss" => super::redis::of_url(scheme, rest)?.build().map(AnyStore::new),
        #[cfg(feature = "redis-cluster")]
        "redis-cluster" | "rediss-cluster" => {
            super::redis::cluster_of_url(scheme, rest)?.build().map(AnyStore::new)
        }
        #[cfg(feature = "webdis")]
        "webdis" => super::redis::webdis_of_url(rest)?.build().map(AnyStore::new),
        #[cfg(feature = "mongodb")]
        "mongodb" | "mongodb+srv" => {
            super::mongodb::MongoStore::builder(url).create(create).open().await.map(AnyStore::new)
        }
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => {
            super::postgres::of_url(rest, create)?.connect().await.map(AnyStore::new)
        }
        "cookie" => Err(ConfigError::new(
            "sessions in the cookie need no store: give a `CookieStore` to `Sessions::builder`",
        )),
        "webdiss" => Err(ConfigError::new(
            "Webdis speaks no TLS: use `webdis:` through a tunnel that does, such as `stunnel`",
        )),
        _ => Err(no_store(scheme)),
    }
}

const KNOWN: &str = "one of `memory:`, `sqlite:`, `redis:`, `rediss:`, `redis-cluster:`, \
    `rediss-cluster:`, `webdis:`, `mongodb:`, `postgres:`";

fn memory(rest: &str) -> Result<AnyStore, ConfigError> {
    if !matches!(split(rest).0, "" | "//") {
        return Err(ConfigError::new("`memory:` takes no path"));
    }
    match named("memory", rest)?.first() {
        Some(option) => Err(option.unknown("there are none")),
        None => Ok(AnyStore::new(MemoryStore::new())),
    }
}

/// The error for a scheme that is unknown or whose feature is off.
fn no_store(scheme: &str) -> ConfigError {
    let feature = match scheme {
        "rediss" => "redis",
        "rediss-cluster" => "redis-cluster",
        "mongodb+srv" => "mongodb",
        "postgresql" => "postgres",
        scheme => scheme,
    };
    match feature {
        "sqlite" | "redis" | "redis-cluster" | "webdis" | "mongodb" | "postgres" => {
            ConfigError::new(format_args!(
                "for the store `{scheme}:` enable the feature `{feature}` of `session-runtime`"
            ))
        }
        // Only what looks like a scheme is shown: other text before a colon may contain a password.
        _ if is_scheme(scheme) => {
            ConfigError::new(format_args!("the store `{scheme}:` is unknown, {KNOWN}"))
        }
        _ => ConfigError::new(format_args!("this is not the URL of a store, {KNOWN}")),
    }
}

fn is_scheme(text: &str) -> bool {
    text.len() <= 20
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(url: &str) -> String {
        connect(url).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn memory_is_always_there() {
        connect("memory:").await.unwrap();
        connect("memory://").await.unwrap();
        assert!(refusal("memory:?size=3").await.contains("`size`"));
        assert!(refusal("memory:x").await.contains("no path"));
    }

    #[tokio::test]
    async fn other_schemes_are_named_but_never_a_password() {
        assert!(refusal("mysql://me:hunter2@host").await.starts_with("the store `mysql:`"));
        assert!(refusal("webdiss://me:hunter2@host").await.contains("tunnel"));
        assert!(refusal("sessions.db").await.contains("`sqlite:`"));
        let message = refusal("hunter2@host:6379").await;
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[cfg(not(feature = "webdis"))]
    #[tokio::test]
    async fn webdis_names_its_feature() {
        let message = refusal("webdis://me:hunter2@host").await;
        assert!(message.contains("feature `webdis`") && !message.contains("hunter2"), "{message}");
    }

    #[cfg(not(feature = "mongodb"))]
    #[tokio::test]
    async fn mongodb_names_its_feature() {
        assert!(refusal("mongodb://me:hunter2@host").await.contains("feature `mongodb`"));
    }

    #[cfg(not(feature = "redis"))]
    #[tokio::test]
    async fn redis_names_its_feature() {
        let message = refusal("rediss://me:hunter2@host").await;
        assert!(message.contains("feature `redis`") && !message.contains("hunter2"), "{message}");
    }

    #[cfg(not(feature = "redis-cluster"))]
    #[tokio::test]
    async fn redis_cluster_names_its_feature() {
        let message = refusal("redis-cluster://me:hunter2@host").await;
        assert!(message.contains("feature `redis-cluster`") && !message.contains("hunter2"));
    }

    #[cfg(not(feature = "sqlite"))]
    #[tokio::test]
    async fn sqlite_names_its_feature() {
        assert!(refusal("sqlite:x.db").await.contains("feature `sqlite`"));
    }

    #[cfg(not(feature = "postgres"))]
    #[tokio::test]
    async fn postgres_names_its_feature() {
        let message = refusal("postgres://me:hunter2@host/1").await;
        assert!(message.contains("feature `postgres`") && !message.contains("hunter2"));
    }
}
