//! Reading all sessions of a principal.

use std::collections::HashMap;

use super::call::Calls;
use super::wire::Wire;
use super::{answer, layout};
use crate::id::StoreKey;
use crate::record::{Principal, Record};
use crate::store::{Loaded, SessionInfo, StoreError};

/// What an index leads to.
pub(super) struct Listed {
    /// The principal's live sessions.
    pub(super) live: Vec<SessionInfo>,
    /// Entries without a session.
    pub(super) dead: Vec<StoreKey>,
}

/// What was found under a key that an index names.
enum Found {
    Live(Record),
    /// Another principal's session, or a tombstone: whoever left it may be moving the session, and
    /// `delete_all` must be able to follow it.
    Other,
    Dead,
}

/// How many sessions are read at a time.
pub(super) const BATCH: usize = 100;

/// Reads the sessions that the index names.
///
/// A session that is renamed while this goes on moves to a key that was not among the first ones; so
/// the index is read until it holds nothing new.
pub(super) async fn list(
    wire: &impl Wire,
    calls: &Calls,
    principal: &Principal,
) -> Result<Listed, StoreError> {
    let mut found = HashMap::<StoreKey, Found>::new();
    loop {
        let keys = indexed(wire, calls, &layout::principal(principal)).await?;
        let unseen: Vec<_> = keys.iter().filter(|key| !found.contains_key(*key)).collect();
        if unseen.is_empty() {
            let mut listed = Listed { live: Vec::new(), dead: Vec::new() };
            for key in keys {
                match found.remove(&key) {
                    Some(Found::Live(record)) => listed.live.push(SessionInfo { key, record }),
                    Some(Found::Dead) => listed.dead.push(key),
                    Some(Found::Other) | None => {}
                }
            }
            return Ok(listed);
        }
        for batch in unseen.chunks(BATCH) {
            let names: Vec<_> = batch.iter().map(|key| calls.names.session(key)).collect();
            let hashes = wire.hashes(&names).await?;
            for (key, hash) in batch.iter().zip(hashes) {
                let is = match answer::loaded(hash)? {
                    Loaded::Live(record) if record.principal.as_ref() == Some(principal) => {
                        Found::Live(record)
                    }
                    Loaded::Live(_) | Loaded::Gone => Found::Other,
                    Loaded::Absent => Found::Dead,
                };
                found.insert(**key, is);
            }
        }
    }
}

/// The keys in the index of a principal.
pub(super) async fn indexed(
    wire: &impl Wire,
    calls: &Calls,
    principal: &[u8],
) -> Result<Vec<StoreKey>, StoreError> {
    let ids = answer::ids(wire.call(&calls.ids(principal), None).await?)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}
