//! The store that a URL names.

use session_runtime::store::{AnyStore, connect, connect_existing};

use crate::cli::StoreArgs;
use crate::outcome::{Failure, Outcome};

impl StoreArgs {
    /// Opens a store that is there. Another one that was made of a name that is misspelt would be empty.
    pub(crate) async fn open(&self) -> Outcome<AnyStore> {
        let Some(url) = &self.url else {
            return Err(Failure::Usage(
                "no store: give --store URL, or set the variable SESSION_STORE".to_owned(),
            ));
        };
        refuse_memory(url)?;
        Ok(connect_existing(url).await?)
    }
}

/// Opens a store, which is made where it is not.
pub(crate) async fn open(url: &str) -> Outcome<AnyStore> {
    refuse_memory(url)?;
    Ok(connect(url).await?)
}

fn refuse_memory(url: &str) -> Outcome<()> {
    match url.starts_with("memory:") {
        false => Ok(()),
        true => Err(Failure::Usage(
            "sessions in memory are within the application, where nobody else gets at them"
                .to_owned(),
        )),
    }
}
