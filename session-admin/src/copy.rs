//! `session-admin copy`: three passes over the source. They count, copy and check.

mod check;
mod tally;
mod transfer;

use session_runtime::store::AnyStore;

use crate::cli::{Copy, StoreArgs};
use crate::outcome::{Answer, Outcome};
use crate::progress::Progress;
use crate::scan::Scan;
use crate::show;
use crate::store;

/// How many sessions are copied or checked at the same time.
const AT_ONCE: usize = 32;

pub(crate) async fn run(from: &StoreArgs, args: &Copy) -> Outcome {
    let from = from.open().await?;
    let to = store::open(&args.to).await?;
    let total = count(&from).await?;
    let tally = transfer::run(&from, &to, total).await?;
    let printed = show::print(&tally.to_string());
    let check = check::run(&from, &to, total).await?;
    printed.and(show::print(&check.to_string()))?;
    Ok(if tally.is_good() && check.is_good() { Answer::Yes } else { Answer::No })
}

/// Counts the sessions, so that the other passes can show how far they are.
async fn count(store: &AnyStore) -> Outcome<u64> {
    let mut progress = Progress::new("counting", None);
    let mut scan = Scan::new(store);
    let mut count = 0;
    while let Some(page) = scan.page().await? {
        count += page.len() as u64;
        progress.advance(page.len());
    }
    progress.finish();
    Ok(count)
}
