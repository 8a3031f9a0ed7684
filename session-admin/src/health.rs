//! `session-admin health`.

use session_runtime::{Keyring, Sessions};

use crate::cli::StoreArgs;
use crate::outcome::{Answer, Outcome};
use crate::show;

pub(crate) async fn run(store: &StoreArgs) -> Outcome {
    // No cookie is read, so any key will do.
    let keys = Keyring::from_base64(&Keyring::generate_base64()?)?;
    let sessions = Sessions::builder(store.open().await?).keys(keys).build()?;
    // The first one connects.
    sessions.health().await?;
    let time = sessions.health().await?;
    show::print(&format!("the store answers within {time:.1?}\n"))?;
    Ok(Answer::Yes)
}
