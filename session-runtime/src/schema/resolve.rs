//! From a request's changes to operations on the JSON texts of a record.

use super::SessionSchema;
use super::any_field::AnyField;
use super::change::{Change, Changes, FieldChange, Step, add_step};
use super::snapshot::{Snapshot, companion_key};
use crate::error::SessionError;
use crate::patch::{FieldOp, parse_integer};
use crate::record::{Principal, SharedStr};

/// The operations of one commit.
#[derive(Default)]
pub(crate) struct Resolved {
    pub(crate) ops: Vec<(SharedStr, FieldOp)>,
    /// The new value of the principal field, if it was written.
    pub(crate) principal: Option<Option<Principal>>,
    /// Closures ran again, so the views do not show the outcome yet.
    pub(crate) replayed: bool,
}

impl Resolved {
    /// Whether this commit signs somebody in.
    pub(crate) fn signs_in(&self) -> bool {
        matches!(self.principal, Some(Some(_)))
    }

    fn push(&mut self, key: SharedStr, op: FieldOp) {
        self.ops.push((key, op));
    }

    fn replace(&mut self, key: SharedStr, old: Option<&SharedStr>, new: Option<SharedStr>) {
        self.push(key, FieldOp::Replace { old: old.cloned(), new });
    }
}

/// The changes to the fields of one schema, without its type.
pub(crate) trait AnyChanges: Send {
    /// Adds to `out` the operations that make these changes to a record that holds `base`. With
    /// `principal_only`, changes to other fields are left out.
    ///
    /// The first call uses the values that the request saw. Later calls run its closures again, on
    /// `base`.
    fn resolve(
        &mut self,
        base: &Snapshot<'_>,
        principal_only: bool,
        out: &mut Resolved,
    ) -> Result<(), SessionError>;
}

impl<S: SessionSchema> AnyChanges for Changes<S> {
    fn resolve(
        &mut self,
        base: &Snapshot<'_>,
        principal_only: bool,
        out: &mut Resolved,
    ) -> Result<(), SessionError> {
        for FieldChange { index, change, .. } in self {
            let field = S::FIELDS[*index];
            if !principal_only || field.is_principal() {
                resolve(field, change, base, out)?;
            }
        }
        Ok(())
    }
}

fn resolve<S: SessionSchema>(
    field: &'static dyn AnyField<S>,
    change: &mut Change<S>,
    base: &Snapshot<'_>,
    out: &mut Resolved,
) -> Result<(), SessionError> {
    // The request may have seen a value that has expired since.
    let has_expired = base.has_expired(field);
    match change {
        Change::Decided { text, .. } => decide(field, text.as_ref(), base, out),
        Change::Sum { delta: 0, .. } => {}
        Change::Sum { delta, .. } => match plain_add(field, *delta, base) {
            Some((key, add)) => {
                out.push(key, add);
                write_expiry(field, true, base, out);
            }
            None => {
                out.replayed |= has_expired;
                let steps = [add_step(field, *delta)];
                replace(field, replay(field, &steps, base)?, base, out);
            }
        },
        Change::Log { steps, ready, .. } => {
            let text = match ready.take().filter(|_| !has_expired) {
                Some(text) => text,
                None => {
                    out.replayed = true;
                    replay(field, steps, base)?
                }
            };
            replace(field, text, base, out);
        }
    }
    Ok(())
}

/// Writes the field, whatever is there.
fn decide<S>(
    field: &dyn AnyField<S>,
    text: Option<&SharedStr>,
    base: &Snapshot<'_>,
    out: &mut Resolved,
) {
    if field.is_principal() {
        out.principal = Some(text.map(|text| Principal::new(field.key(), text.clone())));
    }
    out.push(
        SharedStr::from_static(field.key()),
        text.cloned().map_or(FieldOp::Remove, FieldOp::Set),
    );
    write_expiry(field, text.is_some(), base, out);
    for (alias, _) in base.stored_aliases(field) {
        out.push(SharedStr::from_static(alias), FieldOp::Remove);
        if let Some(companion) = base.companion(alias) {
            out.push(companion.key.into(), FieldOp::Remove);
        }
    }
}

/// The sum as one `Add`, with its key.
///
/// `None` if the store cannot add: an older key is there too, the value has or may have expired, it
/// must be upgraded or reset first, or the sum fits no `i64`.
fn plain_add<S: SessionSchema>(
    field: &dyn AnyField<S>,
    delta: i128,
    base: &Snapshot<'_>,
) -> Option<(SharedStr, FieldOp)> {
    let bounds = field.bounds()?;
    let delta = i64::try_from(delta).ok()?;
    if base.stored_aliases(field).next().is_some() {
        return None;
    }
    let is_plain = match base.held(field) {
        // An integer out of bounds was written by another type, and the field reads it in its own
        // way.
        Some(held) => {
            parse_integer(held.text).is_some_and(|value| (bounds.min..=bounds.max).contains(&value))
        }
        // A sum never starts at an expired value, nor at one that another request may have stored
        // since.
        None => !base.has_expired(field) && field.expires_at(base.now).is_none(),
    };
    let key = is_plain.then(|| SharedStr::from_static(field.key()))?;
    Some((key, FieldOp::Add { delta, min: bounds.min, max: bounds.max, start: bounds.start }))
}

/// The outcome of `steps` on what `base` holds.
fn replay<S: SessionSchema>(
    field: &dyn AnyField<S>,
    steps: &[Step<S>],
    base: &Snapshot<'_>,
) -> Result<Option<SharedStr>, SessionError> {
    let mut values = S::defaults();
    field.decode(base, &mut values)?;
    for step in steps {
        step(&mut values);
    }
    field.encode(&values)
}

/// Writes the field if it still holds what `base` holds. Its older keys are removed.
fn replace<S: SessionSchema>(
    field: &dyn AnyField<S>,
    new: Option<SharedStr>,
    base: &Snapshot<'_>,
    out: &mut Resolved,
) {
    let held = base.held(field);
    let unchanged = match &held {
        // A write of the same text is a change if it restarts the field's `ttl`.
        Some(held) => new.as_ref() == Some(held.text) && field.expires_at(base.now).is_none(),
        None => reads_as_absent(field, new.as_ref()),
    };
    if unchanged {
        return;
    }
    for (alias, text) in base.stored_aliases(field) {
        out.replace(SharedStr::from_static(alias), Some(text), None);
        if let Some(companion) = base.companion(alias) {
            out.replace(companion.key.into(), Some(companion.text), None);
        }
    }
    let is_set = new.is_some();
    out.replace(SharedStr::from_static(field.key()), base.text(field.key()), new);
    write_expiry(field, is_set, base, out);
}

/// Whether an absent key reads as `text`, so that it needs no key.
pub(super) fn reads_as_absent<S: SessionSchema>(
    field: &dyn AnyField<S>,
    text: Option<&SharedStr>,
) -> bool {
    text.is_none() || text == field.encode(&S::defaults()).unwrap_or_default().as_ref()
}

/// Writes when the field expires, next to a write of the field itself.
fn write_expiry<S>(field: &dyn AnyField<S>, is_set: bool, base: &Snapshot<'_>, out: &mut Resolved) {
    let expires_at = field.expires_at(base.now);
    let companion = base.companion(field.key());
    let new = expires_at.filter(|_| is_set).map(|at| SharedStr::of(&at.as_millis()));
    match companion {
        // The field was read as absent. If another request stores the same text meanwhile, that is
        // a new value, and the comparison of the expiry tells.
        Some(companion) if base.is_expired(field.key()) => {
            out.replace(companion.key.into(), Some(companion.text), new);
        }
        None if expires_at.is_none() => {}
        _ => {
            let op = new.map_or(FieldOp::Remove, FieldOp::Set);
            out.push(companion_key(field.key()).into(), op);
        }
    }
}
