//! All live sessions of a store, a page at a time.

use session_runtime::store::{AnyStore, Cursor, SessionInfo, Store};

use crate::outcome::Outcome;

/// How many sessions are read at a time.
const PAGE: usize = 500;

pub(crate) struct Scan<'a> {
    store: &'a AnyStore,
    /// Where the next page begins; `None` after the last one.
    next: Option<Option<Cursor>>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(store: &'a AnyStore) -> Self {
        Self { store, next: Some(None) }
    }

    /// The next sessions, perhaps none of them; `None` at the end.
    pub(crate) async fn page(&mut self) -> Outcome<Option<Vec<SessionInfo>>> {
        let Some(after) = self.next.take() else { return Ok(None) };
        let page = self.store.scan(after.as_ref(), PAGE).await?;
        self.next = page.next.map(Some);
        Ok(Some(page.sessions))
    }
}
