//! The store for a URL with options.

use super::builder::RedisClusterStoreBuilder;
use crate::error::ConfigError;
use crate::store::redis::options::Options;
use crate::store::url::split;

/// The builder for `redis-cluster:` or `rediss-cluster:`. `rest` follows the scheme and its colon.
pub(in crate::store) fn of_url(
    scheme: &str,
    rest: &str,
) -> Result<RedisClusterStoreBuilder, ConfigError> {
    let url = format!("{scheme}:{}", split(rest).0);
    Ok(RedisClusterStoreBuilder::url(url).options(Options::from_url(scheme, rest)?))
}

#[cfg(test)]
mod tests {
    use crate::store::connect;

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
