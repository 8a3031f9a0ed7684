//! When a session gets a new id: if the handler renews it, and if its principal changes.

use crate::backend::stored::LiveSession;
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::record::Record;
use crate::request::state::Intent;
use crate::schema::resolve::Resolved;
use crate::telemetry::SessionEvent;

/// Whether the commit gives the session a new id. A sign-in always does, against session fixation
/// (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change").
pub(super) fn gets_new_id(intent: &Intent, changes_principal: bool) -> bool {
    intent.renew || changes_principal
}

/// Whether the commit signs somebody in or out.
pub(super) fn changes_principal(record: &Record, resolved: &Resolved) -> bool {
    resolved.principal.as_ref().is_some_and(|principal| *principal != record.principal)
}

/// What the hooks are told of the new id.
pub(super) fn renewed(from: StoreKey, live: &LiveSession, at: Timestamp) -> SessionEvent {
    let principal = live.record.principal.clone();
    SessionEvent::Renewed { from, to: live.id.key, principal, at }
}
