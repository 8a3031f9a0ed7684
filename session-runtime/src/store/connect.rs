//! Stores by URL.

use super::{AnyStore, MemoryStore};
use crate::error::ConfigError;

/// Opens the store that a URL names, as it stands in a configuration file.
///
/// | URL | store |
/// | --- | --- |
/// | `memory:` | [`MemoryStore`] |
/// | `sqlite:sessions.db`, `sqlite:///var/lib/app/sessions.db` | `SqliteStore` (feature `sqlite`) |
/// | `redis://user:password@host:6379/0`, `rediss://host` with TLS | `RedisStore` (feature `redis`) |
/// | `redis-cluster://user:password@host:6379,host:6379`, `rediss-cluster://host` with TLS | `RedisClusterStore` (feature `redis-cluster`) |
/// | `mongodb://user:password@host:27017/database` | `MongoStore` (feature `mongodb`) |
/// | `postgres://user:password@host/database` | `PostgresStore` (feature `postgres`) |
///
/// Options follow a `?`. A `%` and two hexadecimal digits stand for a byte, in paths and in options.
///
/// | store | options |
/// | --- | --- |
/// | `sqlite:` | `table=visitors`, `synchronous=normal` (or `full`) |
/// | `redis:`, `rediss:`, `redis-cluster:`, `rediss-cluster:` | `prefix=shop:`, `command_timeout_ms=500`, `tombstone_time_ms=60000`, `wait_replicas=1` with `wait_timeout_ms=200` |
/// | `mongodb:` | `collection=visitors`, `command_timeout_ms=500`, `tombstone_time_ms=60000`, and those of MongoDB's connection strings |
/// | `postgres:` | `table`, `schema`, `migrate=true`, `unlogged=true`, `max_connections`, `command_timeout_ms`, `tombstone_time_ms`, and those of the connection itself, such as `sslmode` |
///
/// Must be called within a tokio runtime.
///
/// # Errors
///
/// If the scheme is unknown or its feature is off, if an option is unknown, given twice or not
/// valid, or if the store cannot be opened. No error shows a password.
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
    let Some((scheme, rest)) = url.split_once(':') else {
        return Err(ConfigError::new(format_args!(
            "a store's URL begins with a scheme and a colon, {KNOWN}"
        )));
    };
    match scheme {
        "memory" => memory(rest),
        "sqlite" => sqlite(rest).await,
        "redis" | "rediss" => redis(scheme, rest),
        "redis-cluster" | "rediss-cluster" => redis_cluster(scheme, rest),
        "mongodb" | "mongodb+srv" => mongodb(url).await,
        "postgres" | "postgresql" => postgres(rest).await,
        "webdis" => Err(ConfigError::new(format_args!(
            "the store `{scheme}:` is not built into this version of `session-runtime`"
        ))),
        // A scheme has no room for a password, but what stands before the first colon of a text
        // that is no URL may be anything.
        _ if is_scheme(scheme) => {
            Err(ConfigError::new(format_args!("the store `{scheme}:` is unknown, {KNOWN}")))
        }
        _ => Err(ConfigError::new(format_args!("this is not the URL of a store, {KNOWN}"))),
    }
}

const KNOWN: &str = "one of `memory:`, `sqlite:`, `redis:`, `rediss:`, `redis-cluster:`, \
    `rediss-cluster:`, `webdis:`, `mongodb:`, `postgres:`";

fn is_scheme(text: &str) -> bool {
    text.len() <= 20
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn memory(rest: &str) -> Result<AnyStore, ConfigError> {
    let (path, options) = split(rest);
    if !matches!(path, "" | "//") {
        return Err(ConfigError::new("`memory:` takes no path"));
    }
    match options.first() {
        Some((name, _)) => Err(unknown("memory", name, "there are none")),
        None => Ok(AnyStore::new(MemoryStore::new())),
    }
}

#[cfg(not(feature = "sqlite"))]
async fn sqlite(_: &str) -> Result<AnyStore, ConfigError> {
    Err(ConfigError::new(
        "for the store `sqlite:` enable the feature `sqlite` of `session-runtime`",
    ))
}

#[cfg(feature = "sqlite")]
async fn sqlite(rest: &str) -> Result<AnyStore, ConfigError> {
    use super::{SqliteStore, Synchronous};

    let (path, options) = split(rest);
    let path = decode(path.strip_prefix("//").unwrap_or(path), "path")?;
    let mut builder = SqliteStore::builder(path);
    let mut seen = Vec::new();
    for (name, value) in options {
        if seen.contains(&name) {
            return Err(ConfigError::new(format_args!(
                "the option `{name}` of `sqlite:` is given twice"
            )));
        }
        seen.push(name);
        let value = decode(value, name)?;
        builder = match (name, value.as_str()) {
            ("table", table) => builder.table(table),
            ("synchronous", "full") => builder.synchronous(Synchronous::Full),
            ("synchronous", "normal") => builder.synchronous(Synchronous::Normal),
            ("synchronous", _) => {
                return Err(ConfigError::new(
                    "the option `synchronous` of `sqlite:` is `full` or `normal`",
                ));
            }
            _ => return Err(unknown("sqlite", name, "there are `table` and `synchronous`")),
        };
    }
    // Opening waits for the disk, and for other processes.
    match tokio::task::spawn_blocking(move || builder.open()).await {
        Ok(opened) => opened.map(AnyStore::new),
        Err(ended) => Err(ConfigError::with_source("the store was not opened", ended)),
    }
}

#[cfg(not(feature = "mongodb"))]
async fn mongodb(_: &str) -> Result<AnyStore, ConfigError> {
    Err(ConfigError::new(
        "for the store `mongodb:` enable the feature `mongodb` of `session-runtime`",
    ))
}

#[cfg(feature = "mongodb")]
async fn mongodb(url: &str) -> Result<AnyStore, ConfigError> {
    super::MongoStore::connect(url).await.map(AnyStore::new)
}

#[cfg(not(feature = "redis"))]
fn redis(scheme: &str, _: &str) -> Result<AnyStore, ConfigError> {
    Err(ConfigError::new(format_args!(
        "for the store `{scheme}:` enable the feature `redis` of `session-runtime`"
    )))
}

#[cfg(feature = "redis")]
fn redis(scheme: &str, rest: &str) -> Result<AnyStore, ConfigError> {
    let (server, options) = split(rest);
    let builder = super::RedisStore::builder(format!("{scheme}:{server}"));
    builder.options(redis_options(scheme, options)?).build().map(AnyStore::new)
}

#[cfg(not(feature = "redis-cluster"))]
fn redis_cluster(scheme: &str, _: &str) -> Result<AnyStore, ConfigError> {
    Err(ConfigError::new(format_args!(
        "for the store `{scheme}:` enable the feature `redis-cluster` of `session-runtime`"
    )))
}

#[cfg(feature = "redis-cluster")]
fn redis_cluster(scheme: &str, rest: &str) -> Result<AnyStore, ConfigError> {
    let (servers, options) = split(rest);
    let builder = super::RedisClusterStore::builder(format!("{scheme}:{servers}"));
    builder.options(redis_options(scheme, options)?).build().map(AnyStore::new)
}

#[cfg(feature = "redis")]
fn redis_options(
    scheme: &str,
    options: Vec<(&str, &str)>,
) -> Result<super::redis::Options, ConfigError> {
    use std::time::Duration;

    let mut chosen = super::redis::Options::default();
    let (mut replicas, mut wait) = (None, None);
    let mut seen = Vec::new();
    for (name, value) in options {
        if seen.contains(&name) {
            return Err(ConfigError::new(format_args!(
                "the option `{name}` of `{scheme}:` is given twice"
            )));
        }
        seen.push(name);
        let value = decode(value, name)?;
        let number = || {
            value.parse::<u32>().map_err(|_| {
                ConfigError::new(format_args!("the option `{name}` of `{scheme}:` is a number"))
            })
        };
        let millis = || Ok::<_, ConfigError>(Duration::from_millis(number()?.into()));
        match name {
            "prefix" => chosen.prefix = value,
            "command_timeout_ms" => chosen.command_timeout = millis()?,
            "tombstone_time_ms" => chosen.tombstone_time = millis()?,
            "wait_replicas" => replicas = Some(number()? as usize),
            "wait_timeout_ms" => wait = Some(millis()?),
            _ => {
                return Err(unknown(
                    scheme,
                    name,
                    "there are `prefix`, `command_timeout_ms`, `tombstone_time_ms`, \
                     `wait_replicas` and `wait_timeout_ms`",
                ));
            }
        }
    }
    match (replicas, wait) {
        (Some(count), Some(timeout)) => chosen.wait_replicas(count, timeout),
        (None, None) => {}
        _ => {
            return Err(ConfigError::new(format_args!(
                "the options `wait_replicas` and `wait_timeout_ms` of `{scheme}:` \
                 are given together"
            )));
        }
    }
    Ok(chosen)
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Result<AnyStore, ConfigError> {
    Err(ConfigError::new(
        "for the store `postgres:` enable the feature `postgres` of `session-runtime`",
    ))
}

#[cfg(feature = "postgres")]
async fn postgres(rest: &str) -> Result<AnyStore, ConfigError> {
    super::postgres::of_url(rest)?.connect().await.map(AnyStore::new)
}

/// The path and the options, names before values, none decoded.
pub(super) fn split(rest: &str) -> (&str, Vec<(&str, &str)>) {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let options = query.split('&').filter(|option| !option.is_empty());
    (path, options.map(|option| option.split_once('=').unwrap_or((option, ""))).collect())
}

pub(super) fn unknown(scheme: &str, name: &str, there_are: &str) -> ConfigError {
    ConfigError::new(format_args!("the option `{name}` of `{scheme}:` is unknown; {there_are}"))
}

#[cfg(any(test, feature = "sqlite", feature = "redis", feature = "mongodb", feature = "postgres"))]
pub(super) fn decode(text: &str, what: &str) -> Result<String, ConfigError> {
    let wrong = || {
        ConfigError::new(format_args!(
            "in the {what} of the store's URL, `%` stands before two hexadecimal digits \
             and the result is UTF-8; write `%25` for `%`"
        ))
    };
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(wrong)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| wrong())
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
        for scheme in ["webdis"] {
            let message = refusal(&format!("{scheme}://me:hunter2@host/1")).await;
            assert!(message.contains(&format!("`{scheme}:`")) && message.contains("not built in"));
            assert!(!message.contains("hunter2"));
        }
        assert!(refusal("mysql://me:hunter2@host").await.starts_with("the store `mysql:`"));
        assert!(refusal("sessions.db").await.contains("`sqlite:`"));
        let message = refusal("hunter2@host:6379").await;
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn percent_signs_stand_for_bytes() {
        assert_eq!(decode("a%20b%C3%BC%25", "path").unwrap(), "a bü%");
        for wrong in ["%", "%2", "%zz", "%+1", "%ff", "%ü1"] {
            assert!(decode(wrong, "path").is_err(), "{wrong}");
        }
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

    #[cfg(feature = "redis-cluster")]
    #[tokio::test]
    async fn redis_cluster_takes_servers_and_options() {
        // Nothing is connected yet.
        for url in [
            "redis-cluster://host",
            "redis-cluster://host:1,other:2/",
            "redis-cluster://me:p%40s,s@host:1,[::1]:2?prefix=a&command_timeout_ms=5",
            "rediss-cluster://:hunter2@host?wait_replicas=1&wait_timeout_ms=10",
        ] {
            connect(url).await.unwrap();
        }
        for (rest, named) in [
            ("host?table=a", "`table`"),
            ("host?prefix={a}", "`{`"),
            ("host?wait_replicas=1", "`wait_timeout_ms`"),
            ("host/1", "URL"),
            ("host:x", "URL"),
            ("host,", "URL"),
            ("", "URL"),
        ] {
            let error = connect(&format!("redis-cluster://me:hunter2@{rest}")).await.unwrap_err();
            assert!(error.to_string().contains(named), "{rest}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[cfg(feature = "redis")]
    #[tokio::test]
    async fn redis_takes_a_server_and_options() {
        // Nothing is connected yet.
        for url in [
            "redis://host",
            "redis://:p%40ss@host:1/3?prefix=a%26b",
            "rediss://me:hunter2@host?command_timeout_ms=5&tombstone_time_ms=0",
            "redis://host?wait_replicas=1&wait_timeout_ms=10",
        ] {
            connect(url).await.unwrap();
        }
        for (options, named) in [
            ("table=a", "`table`"),
            ("prefix=a&prefix=b", "`prefix` of `redis:` is given twice"),
            ("command_timeout_ms=soon", "`command_timeout_ms`"),
            ("command_timeout_ms=0", "`command_timeout`"),
            ("tombstone_time_ms=-1", "`tombstone_time_ms`"),
            ("wait_replicas=1", "`wait_timeout_ms`"),
            ("wait_timeout_ms=1", "`wait_replicas`"),
            ("wait_replicas=0&wait_timeout_ms=1", "`wait_replicas`"),
            ("wait_replicas=1&wait_timeout_ms=0", "`wait_replicas`"),
            ("prefix=%zz", "`%`"),
        ] {
            let message = refusal(&format!("redis://me:hunter2@host?{options}")).await;
            assert!(message.contains(named) && !message.contains("hunter2"), "{message}");
        }
        for url in ["redis:hunter2", "redis://me:hunter2@host/x", "redis://me:hunter2@host:x"] {
            let error = connect(url).await.unwrap_err();
            assert!(error.to_string().contains("URL"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
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

    #[cfg(feature = "sqlite")]
    #[tokio::test]
    async fn sqlite_takes_a_path_and_options() {
        let path = std::env::temp_dir().join(format!("session connect {}.db", std::process::id()));
        let encoded = path.to_str().unwrap().replace(' ', "%20");
        for url in [
            format!("sqlite:{encoded}"),
            format!("sqlite://{encoded}"),
            format!("sqlite:{encoded}?table=a&synchronous=normal"),
            format!("sqlite:{encoded}?synchronous=full"),
        ] {
            drop(connect(&url).await.unwrap());
            assert!(path.exists());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(refusal("sqlite:x.db?tabel=a").await.contains("`tabel`"));
        assert!(refusal("sqlite:x.db?table=a&table=b").await.contains("`table`"));
        assert!(refusal("sqlite:x.db?synchronous=off").await.contains("`full` or `normal`"));
        assert!(refusal("sqlite:x.db?table=1").await.contains("table name"));
        assert!(refusal("sqlite::memory:").await.contains("`MemoryStore`"));
        assert!(refusal("sqlite:").await.contains("`MemoryStore`"));
    }
}
