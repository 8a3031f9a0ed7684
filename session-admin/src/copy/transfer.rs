//! The pass that copies the sessions.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use session_runtime::Timestamp;
use session_runtime::record::Record;
use session_runtime::store::{AnyStore, Created, Loaded, SessionInfo, Store, StoreError};

use super::AT_ONCE;
use super::tally::{Tally, Transfer};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::scan::Scan;

/// How long a record may be written to the target without reading it again from the source.
///
/// If a `MigratingStore` deletes the session meanwhile, it leaves a tombstone in the target, and
/// the session cannot be created there. The tombstone lasts longer than this: a minute, unless the
/// store is configured otherwise.
const FRESH: Duration = Duration::from_secs(5);

pub(super) async fn run(from: &AnyStore, to: &AnyStore, total: u64) -> Outcome<Tally> {
    let mut progress = Progress::new("copying", Some(total));
    let (mut tally, mut scan) = (Tally::default(), Scan::new(from));
    loop {
        let read_at = Instant::now();
        let Some(page) = scan.page().await? else { break };
        let copies = page.iter().map(async |info| {
            let transfer = copy(from, to, info, read_at).await?;
            Ok::<_, StoreError>((info.key, transfer))
        });
        let mut copies = stream::iter(copies).buffer_unordered(AT_ONCE);
        while let Some((key, transfer)) = copies.try_next().await? {
            tally.add(key, transfer);
            progress.advance(1);
        }
    }
    progress.finish();
    Ok(tally)
}

/// Creates a session in the target, unless the target has it already or a tombstone of it.
async fn copy(
    from: &AnyStore,
    to: &AnyStore,
    info: &SessionInfo,
    read_at: Instant,
) -> Result<Transfer, StoreError> {
    let record = match read_at.elapsed() < FRESH {
        true => info.record.clone(),
        false => match from.load(&info.key).await? {
            Loaded::Live(record) => record,
            Loaded::Gone | Loaded::Absent => return Ok(Transfer::Gone),
        },
    };
    if to.create(&info.key, &record).await? == Created::Created {
        return Ok(Transfer::Copied);
    }
    let Loaded::Live(there) = to.load(&info.key).await? else { return Ok(Transfer::Gone) };
    let (there, here) = (with_cut_times(there), with_cut_times(record));
    if there == here {
        return Ok(Transfer::Same);
    }
    // Using a session extends it, but not every time.
    if there.expires_at > here.expires_at {
        return Ok(Transfer::Newer);
    }
    Ok(match from.load(&info.key).await? {
        // A `MigratingStore` has moved it, and its lifetime may have been shortened since.
        Loaded::Gone | Loaded::Absent => Transfer::Newer,
        Loaded::Live(_) if there.expires_at == here.expires_at => Transfer::Other,
        Loaded::Live(_) => Transfer::Stale,
    })
}

/// The record with times that every store can hold. Some stores cut times that are decades away.
fn with_cut_times(mut record: Record) -> Record {
    const FAR: Timestamp = Timestamp::from_millis((1 << 47) - 1);
    const FAR_FROM_EXPIRY: Duration = Duration::from_millis((1 << 40) - 1);
    const LONG: Duration = Duration::from_millis((1 << 39) - 1);
    record.expires_at = record.expires_at.min(FAR);
    record.deadline = record.deadline.min(FAR).min(record.expires_at + FAR_FROM_EXPIRY);
    record.lifetime.idle = record.lifetime.idle.min(LONG);
    record
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use session_runtime::store::MemoryStore;
    use session_runtime::{Clock, StoreKey};

    use super::*;
    use crate::scan::tests::record;

    struct LongAgo;

    impl Clock for LongAgo {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_000_000)
        }
    }

    #[tokio::test]
    async fn only_the_clocks_of_the_stores_decide_what_is_live() {
        let [from, to] = [(); 2].map(|()| AnyStore::new(MemoryStore::with_clock(LongAgo)));
        let record = record(LongAgo.now());
        let key = StoreKey::from_bytes([1; 16]);
        assert_eq!(from.create(&key, &record).await.unwrap(), Created::Created);
        let Ok(tally) = run(&from, &to, 1).await else { panic!("the copy failed") };
        assert_eq!(tally.to_string(), "copied 1 session\n");
        assert_eq!(to.load(&key).await.unwrap(), Loaded::Live(record));
    }
}
