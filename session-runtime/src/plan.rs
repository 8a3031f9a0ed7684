//! What one commit asks of the store.

use crate::clock::Timestamp;
use crate::core::Core;
use crate::expiry::Timeouts;
use crate::observe::Save;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::Record;
use crate::state::{Resolved, State};

/// What the handler asked for beside changes of fields.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) renew: bool,
    pub(crate) remember: Option<bool>,
    pub(crate) touch: bool,
}

/// One call of the store, on a live session.
pub(crate) struct Plan {
    pub(crate) patch: Patch,
    /// The session gets a new id: `rename`, otherwise `update`.
    pub(crate) renames: bool,
    pub(crate) signs_in: bool,
    pub(crate) sets_cookie: bool,
    /// Closures were run again, so the views do not show the outcome yet.
    pub(crate) replayed: bool,
}

impl Plan {
    /// What to ask of the store that holds `record`; `None` if nothing is left to do.
    pub(crate) fn new(
        core: &Core,
        record: &Record,
        resolved: Resolved,
        wishes: &Wishes,
        now: Timestamp,
    ) -> Option<Self> {
        let changes_principal =
            resolved.principal.as_ref().is_some_and(|principal| *principal != record.principal);
        let signs_in = changes_principal && resolved.signs_in();
        let renames = wishes.renew || changes_principal;
        let expiry = match new_lifetime(core, record, wishes, signs_in, now) {
            Some(lifetime) => lifetime,
            None => match touch(core, record, wishes.touch, now) {
                Some(extended) => extended,
                // To move the expiry costs a store more than to change a field, so a save does it no
                // more often than a read.
                None if renames || !resolved.ops.is_empty() => ExpiryOp::Keep,
                None => return None,
            },
        };
        let sets_cookie = renames
            || core.keeper.is_cookie()
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
        Some(Self { patch, renames, signs_in, sets_cookie, replayed: resolved.replayed })
    }

    /// What operators are told of it.
    pub(crate) fn kind(&self) -> Save {
        if self.renames {
            Save::Renew
        } else if self.patch.fields.is_empty() && matches!(self.patch.expiry, ExpiryOp::Extend(_)) {
            Save::Touch
        } else {
            Save::Update
        }
    }

    /// Whether it turns `before` into something else than `after` with a little more time.
    pub(crate) fn is_worth_a_cookie(&self, before: &Record, after: &Record) -> bool {
        let later = Record { expires_at: after.expires_at, ..before.clone() };
        let touches = matches!(self.patch.expiry, ExpiryOp::Extend(_));
        self.renames || *after != later || touches
    }

    /// Whether another request can get in the way of it.
    pub(crate) fn can_conflict(&self) -> bool {
        self.patch.fields.iter().any(|(_, op)| matches!(op, FieldOp::Replace { .. }))
    }
}

/// The lifetime after `remember`, or the same with a new absolute timeout after signing in.
fn new_lifetime(
    core: &Core,
    record: &Record,
    wishes: &Wishes,
    signs_in: bool,
    now: Timestamp,
) -> Option<ExpiryOp> {
    let wished = wishes.remember.map(|remember| core.expiry.wished(remember));
    let lifetime = wished.map_or(record.lifetime, Timeouts::lifetime);
    if !signs_in && lifetime == record.lifetime {
        return None;
    }
    let timeouts = wished.unwrap_or_else(|| core.expiry.of(&record.lifetime));
    let expires_at = now + lifetime.idle;
    let deadline = match signs_in {
        true => now + timeouts.absolute,
        // Counted from the beginning, but a session that is in use is not cut off at once.
        false => {
            let absolute = core.expiry.of(&record.lifetime).absolute;
            // A deadline that is out of reach may have been cut, and other timeouts may have been valid.
            let began = (record.deadline - absolute).min(now).max(record.created_at);
            // The deadline of a session that was not cut off says nothing about its beginning.
            let latest = (record.created_at + timeouts.absolute).max(record.deadline);
            (began + timeouts.absolute).min(latest).max(expires_at.min(record.deadline))
        }
    };
    Some(ExpiryOp::SetLifetime { lifetime, expires_at, deadline })
}

/// Whether a live session has not been touched for so long that a commit would do it.
pub(crate) fn is_touch_due(core: &Core, state: &State, now: impl FnOnce() -> Timestamp) -> bool {
    state.record().is_some_and(|record| touch(core, record, false, now()).is_some())
}

fn touch(core: &Core, record: &Record, is_wished: bool, now: Timestamp) -> Option<ExpiryOp> {
    let extended = (now + record.lifetime.idle).min(record.deadline);
    let is_due = core.expiry.is_touch_due(&record.lifetime, record.expires_at, extended)
        || (is_wished && record.expires_at < extended);
    is_due.then_some(ExpiryOp::Extend(extended))
}
