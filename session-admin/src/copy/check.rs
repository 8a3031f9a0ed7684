//! The pass that looks whether what is live in the source is live in the target too.

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

/// What was found.
#[derive(Default)]
pub(super) struct Check {
    there: u64,
    missing: Ids,
}

pub(super) async fn run(from: &AnyStore, to: &AnyStore, total: u64) -> Outcome<Check> {
    let mut progress = Progress::new("checking", Some(total));
    let (mut check, mut scan) = (Check::default(), Scan::new(from));
    while let Some(page) = scan.page().await? {
        let looks = page.iter().map(async |info| {
            Ok::<_, StoreError>((info.key, is_there(from, to, &info.key).await?))
        });
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some((key, is_there)) = looks.try_next().await? {
            match is_there {
                Some(true) => check.there += 1,
                Some(false) => check.missing.add(key),
                None => {}
            }
            progress.advance(1);
        }
    }
    progress.finish();
    Ok(check)
}

/// Whether the target has a session; `None` if it has ended by now.
async fn is_there(
    from: &AnyStore,
    to: &AnyStore,
    key: &StoreKey,
) -> Result<Option<bool>, StoreError> {
    match to.load(key).await? {
        Loaded::Live(_) => Ok(Some(true)),
        // A `MigratingStore` ends a session in the target first.
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
        let live = show::sessions(self.there + self.missing.count());
        writeln!(f, "the source has {live}, the target has {} of them", self.there)?;
        if self.is_good() {
            return Ok(());
        }
        writeln!(f, "  missing: {}", self.missing)?;
        writeln!(f, "  copy again: these were not there yet when the copy came by")
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
    async fn a_missing_session_is_told() {
        let stores = [AnyStore::new(MemoryStore::new()), AnyStore::new(MemoryStore::new())];
        let [from, to] = &stores;
        let record = record(SystemTime::now().into());
        let key = |byte| StoreKey::from_bytes([byte; 16]);
        for byte in 0..13 {
            assert_eq!(from.create(&key(byte), &record).await.unwrap(), Created::Created);
        }
        assert_eq!(to.create(&key(0), &record).await.unwrap(), Created::Created);
        // Just ended in both, first in the target.
        to.delete(&key(1)).await.unwrap();

        let check = run(from, to, 13).await.unwrap_or_default();
        assert!(!check.is_good());
        let told = check.to_string();
        assert!(
            told.starts_with("the source has 12 sessions, the target has 1 of them\n"),
            "{told}"
        );
        assert!(told.contains(" and 1 more\n"), "{told}");
    }
}
