//! The pass that copies.

use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt, TryStreamExt, stream};
use session_runtime::Timestamp;
use session_runtime::record::Record;
use session_runtime::store::{AnyStore, Created, Loaded, SessionInfo, Store, StoreError};

use super::AT_ONCE;
use super::tally::{Became, Tally};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::scan::Scan;

/// How long what was read of the source is good.
///
/// A session that a `MigratingStore` ends meanwhile leaves a tombstone in the target, which keeps it
/// from being created there, for a minute unless the store is told otherwise.
const FRESH: Duration = Duration::from_secs(5);

pub(super) async fn run(from: &AnyStore, to: &AnyStore, total: u64) -> Outcome<Tally> {
    let mut progress = Progress::new("copying", Some(total));
    let (mut tally, mut scan) = (Tally::default(), Scan::new(from));
    loop {
        let read_at = Instant::now();
        let Some(page) = scan.page().await? else { break };
        let copies = page.iter().map(async |info| {
            let became = copy(from, to, info, read_at).await?;
            Ok::<_, StoreError>((info.key, became))
        });
        let mut copies = stream::iter(copies).buffer_unordered(AT_ONCE);
        while let Some((key, became)) = copies.try_next().await? {
            tally.add(key, became);
            progress.advance(1);
        }
    }
    progress.finish();
    Ok(tally)
}

/// Creates a session in the target, unless that knows of it already.
async fn copy(
    from: &AnyStore,
    to: &AnyStore,
    info: &SessionInfo,
    read_at: Instant,
) -> Result<Became, StoreError> {
    let record = match read_at.elapsed() < FRESH {
        true => info.record.clone(),
        false => match from.load(&info.key).await? {
            Loaded::Live(record) => record,
            Loaded::Gone | Loaded::Absent => return Ok(over(&info.record)),
        },
    };
    if !record.is_live(now()) {
        return Ok(Became::Expired);
    }
    if to.create(&info.key, &record).await? == Created::Created {
        return Ok(Became::Copied);
    }
    Ok(match to.load(&info.key).await? {
        Loaded::Live(there) if there == record => Became::Same,
        Loaded::Live(there) if there.expires_at >= record.expires_at => Became::Newer,
        // Use prolongs a session, so the source's was used after it was copied; unless it is over
        // there, and the target's was given a shorter life.
        Loaded::Live(_) => match from.load(&info.key).await? {
            Loaded::Live(_) => Became::Stale,
            Loaded::Gone | Loaded::Absent => Became::Newer,
        },
        Loaded::Gone | Loaded::Absent => over(&record),
    })
}

/// What became of a session that is none any more.
fn over(record: &Record) -> Became {
    if record.is_live(now()) { Became::Ended } else { Became::Expired }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}
