//! Reads all live sessions of a store, one page after the other.

use std::collections::HashSet;

use session_runtime::StoreKey;
use session_runtime::store::{AnyStore, Cursor, SessionInfo, Store};

use crate::outcome::Outcome;

/// How many sessions a page has at most.
const PAGE: usize = 500;

pub(crate) struct Scan<'a> {
    store: &'a AnyStore,
    /// Where the next page begins. `None` after the last page.
    next: Option<Option<Cursor>>,
    /// What was read already: a store may return a session more than once.
    seen: HashSet<StoreKey>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(store: &'a AnyStore) -> Self {
        Self { store, next: Some(None), seen: HashSet::new() }
    }

    /// The next page, which may be empty. `None` after the last page.
    pub(crate) async fn page(&mut self) -> Outcome<Option<Vec<SessionInfo>>> {
        let Some(after) = self.next.take() else { return Ok(None) };
        let mut page = self.store.scan(after.as_ref(), PAGE).await?;
        self.next = page.next.map(Some);
        page.sessions.retain(|info| self.seen.insert(info.key));
        Ok(Some(page.sessions))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
pub(crate) mod tests {
    use std::time::{Duration, SystemTime};

    use session_runtime::Timestamp;
    use session_runtime::patch::Patch;
    use session_runtime::record::{Fields, Lifetime, Record};
    use session_runtime::store::{Created, MemoryStore, MigratingStore, Updated};

    use super::*;

    /// A session that begins now, for a minute.
    pub(crate) fn record(now: Timestamp) -> Record {
        let idle = Duration::from_secs(60);
        Record {
            fields: Fields::default(),
            created_at: now,
            expires_at: now + idle,
            deadline: now + idle,
            lifetime: Lifetime { idle, persistent: false },
            principal: None,
        }
    }

    #[tokio::test]
    async fn a_session_that_a_store_returns_twice_is_read_once() {
        let old = MemoryStore::new();
        let both = AnyStore::new(MigratingStore::new(old.clone(), MemoryStore::new()));
        let key = StoreKey::from_bytes([1; 16]);
        let record = record(SystemTime::now().into());
        assert_eq!(old.create(&key, &record).await.unwrap(), Created::Created);

        let mut scan = Scan::new(&both);
        let Ok(Some(first)) = scan.page().await else { panic!("there is a page") };
        assert_eq!(first.len(), 1);
        // The update moves it to the new store, which the scan reads later.
        assert_eq!(both.update(&key, &Patch::empty()).await.unwrap(), Updated::Applied);
        let after = scan.next.clone().flatten();
        let shown = both.scan(after.as_ref(), 1).await.unwrap();
        assert_eq!(shown.sessions.len(), 1, "the store returns it again");
        while let Ok(Some(page)) = scan.page().await {
            assert_eq!(page, []);
        }
    }
}
