//! The store that a URL names.

use std::path::Path;

use session_runtime::store::{AnyStore, connect};

use crate::cli::StoreArgs;
use crate::outcome::{Failure, Outcome};

impl StoreArgs {
    /// Opens a store that is there.
    pub(crate) async fn open(&self) -> Outcome<AnyStore> {
        let Some(url) = &self.url else {
            return Err(Failure::Usage(
                "no store: give --store URL, or set the variable SESSION_STORE".to_owned(),
            ));
        };
        // SQLite would make an empty database of a path that is misspelt.
        if let Some(path) = file(url)
            && !Path::new(path).exists()
        {
            return Err(Failure::Store(format!("there is no file `{path}`").into()));
        }
        open(url).await
    }
}

/// Opens a store, which SQLite creates where it is not.
pub(crate) async fn open(url: &str) -> Outcome<AnyStore> {
    if url.starts_with("memory:") {
        return Err(Failure::Usage(
            "sessions in memory are within the application, where nobody else gets at them"
                .to_owned(),
        ));
    }
    Ok(connect(url).await?)
}

/// The file of an SQLite URL. One with `%` in its path is not looked for.
fn file(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?.split('?').next()?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.contains('%')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::file;

    #[test]
    fn files_of_urls() {
        assert_eq!(file("sqlite:a.db?table=b"), Some("a.db"));
        assert_eq!(file("sqlite:///var/a.db"), Some("/var/a.db"));
        assert_eq!(file("sqlite:a%20b.db"), None);
        assert_eq!(file("redis://host"), None);
    }
}
