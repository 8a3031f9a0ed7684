//! The store for a URL with options.

use super::builder::RedisStoreBuilder;
use super::options::Options;
use crate::error::ConfigError;
use crate::store::url::split;

/// The builder for `redis:` or `rediss:`. `rest` follows the scheme and its colon.
pub(in crate::store) fn of_url(scheme: &str, rest: &str) -> Result<RedisStoreBuilder, ConfigError> {
    let url = format!("{scheme}:{}", split(rest).0);
    Ok(RedisStoreBuilder::url(url).options(Options::from_url(scheme, rest)?))
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
}
