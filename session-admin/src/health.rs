//! `session-admin health`.

use session_runtime::{Keyring, Sessions};

use crate::cli::StoreArgs;
use crate::outcome::{Answer, Outcome};
use crate::show;

pub(crate) async fn run(store: &StoreArgs) -> Outcome {
    // No cookie is read, so the keys do not matter.
    let keys = Keyring::from_base64(&Keyring::generate_base64()?)?;
    let sessions = Sessions::builder(store.open().await?).keys(keys).build()?;
    // The first call also connects, so only the second one is measured.
    sessions.health().await?;
    let time = sessions.health().await?;
    show::print(&format!("the store answers within {time:.1?}\n"))?;
    Ok(Answer::Yes)
}
