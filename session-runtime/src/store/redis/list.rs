//! Reads all sessions of a principal.

use std::collections::HashMap;

use super::answer;
use super::call_script::CallScript;
use super::layout;
use super::script::Operations;
use super::transport::Transport;
use crate::id::StoreKey;
use crate::record::{Principal, Record};
use crate::store::{Loaded, SessionInfo, StoreError};

/// What the index of a principal leads to.
pub(super) struct Listed {
    /// The principal's live sessions.
    pub(super) live: Vec<SessionInfo>,
    /// Entries without a session.
    pub(super) without_session: Vec<StoreKey>,
}

/// What is stored under a key that the index contains.
enum Found {
    Live(Record),
    /// A session of another principal, or a tombstone. The entry must stay: the session may be
    /// moving, and `delete_all` must be able to follow it.
    Other,
    Nothing,
}

/// How many sessions are read at once.
pub(super) const CHUNK: usize = 100;

/// Reads the sessions in the index of a principal.
///
/// A session that is renamed meanwhile moves to a key that was not in the index at first. So this
/// reads the index again until it contains nothing new.
pub(super) async fn list(
    transport: &impl Transport,
    operations: &Operations,
    principal: &Principal,
) -> Result<Listed, StoreError> {
    let mut found = HashMap::<StoreKey, Found>::new();
    loop {
        let keys = index_keys(transport, operations, &layout::principal(principal)).await?;
        let unseen: Vec<_> = keys.iter().filter(|key| !found.contains_key(*key)).collect();
        if unseen.is_empty() {
            let mut listed = Listed { live: Vec::new(), without_session: Vec::new() };
            for key in keys {
                match found.remove(&key) {
                    Some(Found::Live(record)) => listed.live.push(SessionInfo { key, record }),
                    Some(Found::Nothing) => listed.without_session.push(key),
                    Some(Found::Other) | None => {}
                }
            }
            return Ok(listed);
        }
        for chunk in unseen.chunks(CHUNK) {
            let names: Vec<_> = chunk.iter().map(|key| operations.keys.session(key)).collect();
            let hashes = transport.read_hashes(&names).await?;
            for (key, hash) in chunk.iter().zip(hashes) {
                let is = match answer::loaded(hash)? {
                    Loaded::Live(record) if record.principal.as_ref() == Some(principal) => {
                        Found::Live(record)
                    }
                    Loaded::Live(_) | Loaded::Gone => Found::Other,
                    Loaded::Absent => Found::Nothing,
                };
                found.insert(**key, is);
            }
        }
    }
}

/// The keys in the index of a principal.
pub(super) async fn index_keys(
    transport: &impl Transport,
    operations: &Operations,
    principal: &[u8],
) -> Result<Vec<StoreKey>, StoreError> {
    let ids = answer::texts(transport.call_script(&operations.index_ids(principal)).await?)?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}
