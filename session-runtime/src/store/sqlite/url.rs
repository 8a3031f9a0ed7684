//! The options in a URL.

use super::store::SqliteStore;
use super::synchronous::Synchronous;
use crate::error::ConfigError;
use crate::store::url::{decode, named, split};

/// Opens the store of a URL, and creates what is missing if `create`. `rest` is the URL after
/// `sqlite:`.
pub(in crate::store) async fn open(rest: &str, create: bool) -> Result<SqliteStore, ConfigError> {
    let path = split(rest).0;
    let path = decode(path.strip_prefix("//").unwrap_or(path), "path")?;
    let mut builder = SqliteStore::builder(path).create(create);
    for option in named("sqlite", rest)? {
        builder = match (option.name, option.value.as_str()) {
            ("table", table) => builder.table(table),
            ("synchronous", "full") => builder.synchronous(Synchronous::Full),
            ("synchronous", "normal") => builder.synchronous(Synchronous::Normal),
            ("synchronous", _) => {
                return Err(ConfigError::new(
                    "the option `synchronous` of `sqlite:` is `full` or `normal`",
                ));
            }
            _ => return Err(option.unknown("there are `table` and `synchronous`")),
        };
    }
    // Opening may wait for the disk and for other processes.
    match tokio::task::spawn_blocking(move || builder.open()).await {
        Ok(opened) => opened,
        Err(ended) => Err(ConfigError::with_source("the store was not opened", ended)),
    }
}

#[cfg(test)]
mod tests {
    use crate::store::connect;

    async fn refusal(url: &str) -> String {
        connect(url).await.unwrap_err().to_string()
    }

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
