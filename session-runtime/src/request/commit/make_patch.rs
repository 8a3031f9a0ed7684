//! Makes the patch of one commit, and decides which call of the store it is.

use super::renew_id::{changes_principal, gets_new_id};
use crate::clock::Timestamp;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::Record;
use crate::request::config::Config;
use crate::request::expiry::Timeouts;
use crate::request::state::{Intent, State};
use crate::schema::resolve::Resolved;
use crate::telemetry::SaveKind;

/// One call of the store, for a live session.
pub(super) struct Plan {
    pub(super) patch: Patch,
    /// The session gets a new id: a `rename`, not an `update`.
    pub(super) renames: bool,
    pub(super) sets_cookie: bool,
    /// Closures ran again, so the values do not show the outcome yet.
    pub(super) replayed: bool,
}

impl Plan {
    /// What to ask of the store that holds `record`. `None` if there is nothing to do.
    pub(super) fn new(
        config: &Config,
        record: &Record,
        resolved: Resolved,
        intent: &Intent,
        now: Timestamp,
    ) -> Option<Self> {
        let changes_principal = changes_principal(record, &resolved);
        let signs_in = changes_principal && resolved.signs_in();
        let renames = gets_new_id(intent, changes_principal);
        let expiry = match new_lifetime(config, record, intent, signs_in, now) {
            Some(lifetime) => lifetime,
            None => match touch(config, record, intent.touch, now) {
                Some(extended) => extended,
                // Moving the expiry costs a store more than changing a field. So a save does it no
                // more often than a read.
                None if renames || !resolved.ops.is_empty() => ExpiryOp::Keep,
                None => return None,
            },
        };
        let sets_cookie = renames
            || config.backend.is_cookie()
            || match &expiry {
                ExpiryOp::SetLifetime { lifetime, .. } => {
                    lifetime.persistent || record.lifetime.persistent
                }
                ExpiryOp::Keep | ExpiryOp::Extend(_) => false,
            };
        let principal = match resolved.principal {
            Some(principal) if changes_principal => {
                principal.map_or(PrincipalOp::Clear, PrincipalOp::Set)
            }
            _ => PrincipalOp::Keep,
        };
        let patch = Patch { fields: resolved.ops, principal, expiry };
        Some(Self { patch, renames, sets_cookie, replayed: resolved.replayed })
    }

    /// What operators are told.
    pub(super) fn kind(&self) -> SaveKind {
        if self.renames {
            SaveKind::Renew
        } else if self.patch.fields.is_empty() && matches!(self.patch.expiry, ExpiryOp::Extend(_)) {
            SaveKind::Touch
        } else {
            SaveKind::Update
        }
    }

    /// Whether the difference between `before` and `after` is worth a new cookie. A later expiry
    /// alone is not, unless it is a touch.
    pub(super) fn is_worth_a_cookie(&self, before: &Record, after: &Record) -> bool {
        let later = Record { expires_at: after.expires_at, ..before.clone() };
        let touches = matches!(self.patch.expiry, ExpiryOp::Extend(_));
        self.renames || *after != later || touches
    }

    /// Whether a concurrent request can make it fail.
    pub(super) fn can_conflict(&self) -> bool {
        self.patch.fields.iter().any(|(_, op)| matches!(op, FieldOp::Replace { .. }))
    }
}

/// The lifetime after `remember` or a sign-in. A sign-in also restarts the absolute timeout.
fn new_lifetime(
    config: &Config,
    record: &Record,
    intent: &Intent,
    signs_in: bool,
    now: Timestamp,
) -> Option<ExpiryOp> {
    let requested = intent.remember.map(|remember| config.expiry.timeouts(remember));
    let lifetime = requested.map_or(record.lifetime, Timeouts::lifetime);
    if !signs_in && lifetime == record.lifetime {
        return None;
    }
    let timeouts = requested.unwrap_or_else(|| config.expiry.of(&record.lifetime));
    let expires_at = now + lifetime.idle;
    let deadline = match signs_in {
        true => now + timeouts.absolute,
        // The timeout counts from the beginning of the session. A session in use does not expire at
        // once.
        false => {
            let absolute = config.expiry.of(&record.lifetime).absolute;
            // A record does not hold when its timeout began. The deadline tells, unless it was made
            // with other timeouts or moved for a session in use. So the result is clamped.
            let began = (record.deadline - absolute).min(now).max(record.created_at);
            let latest = (record.created_at + timeouts.absolute).max(record.deadline);
            (began + timeouts.absolute).min(latest).max(expires_at.min(record.deadline))
        }
    };
    Some(ExpiryOp::SetLifetime { lifetime, expires_at, deadline })
}

/// Whether the last touch of a live session is so long ago that a commit repeats it.
pub(in crate::request) fn is_touch_due(
    config: &Config,
    state: &State,
    now: impl FnOnce() -> Timestamp,
) -> bool {
    state.record().is_some_and(|record| touch(config, record, false, now()).is_some())
}

fn touch(config: &Config, record: &Record, is_requested: bool, now: Timestamp) -> Option<ExpiryOp> {
    let extended = (now + record.lifetime.idle).min(record.deadline);
    let is_due = config.expiry.is_touch_due(&record.lifetime, record.expires_at, extended)
        || (is_requested && record.expires_at < extended);
    is_due.then_some(ExpiryOp::Extend(extended))
}
