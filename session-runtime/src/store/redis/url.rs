//! What a URL may say.

use super::options::Options;
#[cfg(feature = "redis-cluster")]
use super::{RedisClusterStore, RedisClusterStoreBuilder};
use super::{RedisStore, RedisStoreBuilder};
use crate::error::ConfigError;
use crate::store::url::{check_user, named, split};

/// The builder for a URL with options; `rest` is what stands behind the scheme and its colon.
pub(in crate::store) fn builder(
    scheme: &str,
    rest: &str,
) -> Result<RedisStoreBuilder, ConfigError> {
    let builder = RedisStore::builder(format!("{scheme}:{}", split(rest).0));
    Ok(builder.options(options(scheme, rest)?))
}

/// The same for a cluster.
#[cfg(feature = "redis-cluster")]
pub(in crate::store) fn cluster_builder(
    scheme: &str,
    rest: &str,
) -> Result<RedisClusterStoreBuilder, ConfigError> {
    let builder = RedisClusterStore::builder(format!("{scheme}:{}", split(rest).0));
    Ok(builder.options(options(scheme, rest)?))
}

fn options(scheme: &str, rest: &str) -> Result<Options, ConfigError> {
    check_user(rest)?;
    let mut chosen = Options::default();
    let (mut replicas, mut wait) = (None, None);
    for option in named(scheme, rest)? {
        match option.name {
            "prefix" => chosen.prefix = option.value,
            "command_timeout_ms" => chosen.command_timeout = option.millis()?,
            "tombstone_time_ms" => chosen.tombstone_time = option.millis()?,
            "wait_replicas" => replicas = Some(option.number()? as usize),
            "wait_timeout_ms" => wait = Some(option.millis()?),
            _ => {
                return Err(option.unknown(
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

#[cfg(test)]
mod tests {
    use crate::store::connect;

    async fn refusal(url: &str) -> String {
        connect(url).await.unwrap_err().to_string()
    }

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
        for rest in ["hun?hunter2", "hun/hunter2", "x?a=hunter2", "x?hunter2&y"] {
            let message = refusal(&format!("redis://me:{rest}@host/1")).await;
            assert!(message.contains("`%40`") && !message.contains("hunter2"), "{message}");
        }
        for url in ["redis:hunter2", "redis://me:hunter2@host/x", "redis://me:hunter2@host:x"] {
            let error = connect(url).await.unwrap_err();
            assert!(error.to_string().contains("URL"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
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
}
