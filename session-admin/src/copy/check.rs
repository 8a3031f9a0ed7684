//! The pass that checks whether every session that is live in the source is also live in the
//! target.

use std::fmt;

use futures_util::{StreamExt, TryStreamExt, stream};
use session_runtime::StoreKey;
use session_runtime::store::{AnyStore, Loaded, Store, StoreError};

use super::AT_ONCE;
use super::tally::Ids;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::scan::Scan;
use crate::show;

/// How many sessions the target has, and which are missing.
#[derive(Default)]
pub(super) struct Check {
    copied: u64,
    missing: Ids,
}

pub(super) async fn run(from: &AnyStore, to: &AnyStore, total: u64) -> Outcome<Check> {
    let mut progress = Progress::new("checking", Some(total));
    let (mut check, mut scan) = (Check::default(), Scan::new(from));
    while let Some(page) = scan.page().await? {
        let checks = page.iter().map(async |info| {
            Ok::<_, StoreError>((info.key, is_copied(from, to, &info.key).await?))
        });
        let mut checks = stream::iter(checks).buffer_unordered(AT_ONCE);
        while let Some((key, is_copied)) = checks.try_next().await? {
            match is_copied {
                Some(true) => check.copied += 1,
                Some(false) => check.missing.add(key),
                None => {}
            }
            progress.advance(1);
        }
    }
    progress.finish();
    Ok(check)
}

/// Whether the target has a session. `None` if it was deleted or renewed meanwhile, or expired.
async fn is_copied(
    from: &AnyStore,
    to: &AnyStore,
    key: &StoreKey,
) -> Result<Option<bool>, StoreError> {
    match to.load(key).await? {
        Loaded::Live(_) => Ok(Some(true)),
        // Deleted in both, because a `MigratingStore` deletes in the target first.
        Loaded::Gone => Ok(None),
        Loaded::Absent => {
            let is_live = matches!(from.load(key).await?, Loaded::Live(_));
            Ok(is_live.then_some(false))
        }
    }
}

impl Check {
    pub(super) fn is_good(&self) -> bool {
        self.missing.count() == 0
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = show::sessions(self.copied + self.missing.count());
        writeln!(f, "the source has {live}, the target has {} of them", self.copied)?;
        if self.is_good() {
            return Ok(());
        }
        writeln!(f, "  missing: {}", self.missing)?;
        writeln!(f, "  copy again: the source did not have these yet when it was copied")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::time::SystemTime;

    use session_runtime::store::{Created, MemoryStore};

    use super::*;
    use crate::scan::tests::record;

    #[tokio::test]
    async fn a_missing_session_is_reported() {
        let stores = [AnyStore::new(MemoryStore::new()), AnyStore::new(MemoryStore::new())];
        let [from, to] = &stores;
        let record = record(SystemTime::now().into());
        let key = |byte| StoreKey::from_bytes([byte; 16]);
        for byte in 0..13 {
            assert_eq!(from.create(&key(byte), &record).await.unwrap(), Created::Created);
        }
        assert_eq!(to.create(&key(0), &record).await.unwrap(), Created::Created);
        // A `MigratingStore` is about to delete it in the source, too.
        to.delete(&key(1)).await.unwrap();

        let check = run(from, to, 13).await.unwrap_or_default();
        assert!(!check.is_good());
        let text = check.to_string();
        assert!(
            text.starts_with("the source has 12 sessions, the target has 1 of them\n"),
            "{text}"
        );
        assert!(text.contains(" and 1 more\n"), "{text}");
    }
}
