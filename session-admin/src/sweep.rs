//! `session-admin sweep`.

use session_runtime::store::Store;

use crate::cli::StoreArgs;
use crate::outcome::{Answer, Outcome};
use crate::progress::Progress;
use crate::show;

/// How many records one call of the store removes at most.
const BATCH: usize = 1_000;

pub(crate) async fn run(store: &StoreArgs) -> Outcome {
    let store = store.open().await?;
    let mut progress = Progress::new("sweeping", None);
    let mut removed = 0;
    loop {
        let swept = match store.sweep(BATCH).await {
            Ok(swept) => swept,
            Err(error) if error.is_unsupported() => {
                show::print("there is nothing to sweep: this store's server does it by itself\n")?;
                return Ok(Answer::Yes);
            }
            Err(error) => return Err(error.into()),
        };
        removed += swept;
        progress.advance(swept);
        if swept < BATCH {
            break;
        }
    }
    progress.finish();
    show::print(&format!("removed {removed} expired records\n"))?;
    Ok(Answer::Yes)
}
