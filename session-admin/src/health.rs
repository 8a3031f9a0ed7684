//! `session-admin health`.

use std::time::Instant;

use session_runtime::StoreKey;
use session_runtime::store::Store;

use crate::cli::StoreArgs;
use crate::outcome::{Answer, Outcome};
use crate::show;

/// A key that no session has: it would have to come out of an HMAC.
const NOBODY: StoreKey = StoreKey::from_bytes([0; 16]);

pub(crate) async fn run(store: &StoreArgs) -> Outcome {
    let store = store.open().await?;
    // The first one connects.
    store.load(&NOBODY).await?;
    let start = Instant::now();
    store.load(&NOBODY).await?;
    let millis = start.elapsed().as_secs_f64() * 1e3;
    show::print(&format!("the store answers: a load took {millis:.1} ms\n"))?;
    Ok(Answer::Yes)
}
