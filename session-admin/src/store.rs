//! Opens the store that a URL names.

use session_runtime::store::{AnyStore, connect, connect_existing};

use crate::cli::StoreArgs;
use crate::outcome::{Failure, Outcome};

impl StoreArgs {
    /// Opens an existing store. None is created, because the store of a misspelt URL would be
    /// empty.
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

/// Opens a store, and creates it if it does not exist.
pub(crate) async fn open(url: &str) -> Outcome<AnyStore> {
    refuse_memory(url)?;
    Ok(connect(url).await?)
}

fn refuse_memory(url: &str) -> Outcome<()> {
    match url.starts_with("memory:") {
        false => Ok(()),
        true => {
            Err(Failure::Usage("sessions in memory exist only within the application".to_owned()))
        }
    }
}
