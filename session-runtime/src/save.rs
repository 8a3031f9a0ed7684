//! Changes on their way to the store: from values and closures to operations on JSON text.

use smol_str::{SmolStr, ToSmolStr};

use crate::change::{Change, Changes, FieldChange, Step, add_step};
use crate::error::SessionError;
use crate::field::AnyField;
use crate::patch::{FieldOp, parse_integer};
use crate::record::Principal;
use crate::schema::SessionSchema;
use crate::state::Resolved;
use crate::ttl::{Snapshot, companion_key};

/// Adds to `out` the operations that make the changes, or of them those of the principal alone, on a record that
/// holds `base`.
pub(crate) fn resolve<S: SessionSchema>(
    changes: &mut Changes<S>,
    principal_only: bool,
    base: &Snapshot<'_>,
    out: &mut Resolved,
) -> Result<(), SessionError> {
    for FieldChange { index, change, .. } in changes {
        let field = S::FIELDS[*index];
        if principal_only && !field.is_principal() {
            continue;
        }
        // What the request saw may have come from a value whose time is over by now.
        let has_expired = base.has_expired(field);
        match change {
            Change::Decided { text, .. } => decide(field, text.as_ref(), base, out),
            Change::Sum { delta: 0, .. } => {}
            Change::Sum { delta, .. } => match plain_add(field, *delta, base) {
                Some((key, add)) => {
                    out.push(key, add);
                    date(field, true, base, out);
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
    }
    Ok(())
}

/// Writes the field, whatever is there.
fn decide<S>(
    field: &dyn AnyField<S>,
    text: Option<&SmolStr>,
    base: &Snapshot<'_>,
    out: &mut Resolved,
) {
    if field.is_principal() {
        out.principal = Some(text.map(|text| Principal::new(field.key(), text.clone())));
    }
    out.push(SmolStr::new_static(field.key()), text.cloned().map_or(FieldOp::Remove, FieldOp::Set));
    date(field, text.is_some(), base, out);
    for (alias, _) in base.stored_aliases(field) {
        out.push(SmolStr::new_static(alias), FieldOp::Remove);
        if let Some(companion) = base.companion(alias) {
            out.push(companion.key.into(), FieldOp::Remove);
        }
    }
}

/// The sum as one `Add` and the key of it, unless an older key is there as well, the value is or may be
/// over, must be upgraded or reset first, or the sum fits no `i64`.
fn plain_add<S: SessionSchema>(
    field: &dyn AnyField<S>,
    delta: i128,
    base: &Snapshot<'_>,
) -> Option<(SmolStr, FieldOp)> {
    let bounds = field.bounds()?;
    let delta = i64::try_from(delta).ok()?;
    if base.stored_aliases(field).next().is_some() {
        return None;
    }
    let is_plain = match base.held(field) {
        // An integer beyond the bounds is one of another type, which the field reads in its own way.
        Some(held) => {
            parse_integer(held.text).is_some_and(|value| (bounds.min..=bounds.max).contains(&value))
        }
        // Something that is over is no start; nor is one that another request may have stored since.
        None => !base.has_expired(field) && field.expires_at(base.now).is_none(),
    };
    let key = is_plain.then(|| SmolStr::new_static(field.key()))?;
    Some((key, FieldOp::Add { delta, min: bounds.min, max: bounds.max, start: bounds.start }))
}

/// The outcome of `steps` on what `base` holds.
fn replay<S: SessionSchema>(
    field: &dyn AnyField<S>,
    steps: &[Step<S>],
    base: &Snapshot<'_>,
) -> Result<Option<SmolStr>, SessionError> {
    let mut values = S::defaults();
    field.decode(base, &mut values)?;
    for step in steps {
        step(&mut values);
    }
    field.encode(&values)
}

/// Writes the field if it still holds what `base` holds; older keys go, the new one comes.
fn replace<S: SessionSchema>(
    field: &dyn AnyField<S>,
    new: Option<SmolStr>,
    base: &Snapshot<'_>,
    out: &mut Resolved,
) {
    let held = base.held(field);
    let unchanged = match &held {
        // To write the same again is a change if it restarts the field's time.
        Some(held) => new.as_ref() == Some(held.text) && field.expires_at(base.now).is_none(),
        None => reads_as_absent(field, new.as_ref()),
    };
    if unchanged {
        return;
    }
    for (alias, text) in base.stored_aliases(field) {
        out.replace(SmolStr::new_static(alias), Some(text), None);
        if let Some(companion) = base.companion(alias) {
            out.replace(companion.key.into(), Some(companion.text), None);
        }
    }
    let is_set = new.is_some();
    out.replace(SmolStr::new_static(field.key()), base.text(field.key()), new);
    date(field, is_set, base, out);
}

/// Whether `text` is what an absent key reads as anyway: it needs no key.
pub(crate) fn reads_as_absent<S: SessionSchema>(
    field: &dyn AnyField<S>,
    text: Option<&SmolStr>,
) -> bool {
    text.is_none() || text == field.encode(&S::defaults()).unwrap_or_default().as_ref()
}

/// Writes when the field is over, beside a write of the field itself.
fn date<S>(field: &dyn AnyField<S>, is_set: bool, base: &Snapshot<'_>, out: &mut Resolved) {
    let ttl_ends = field.expires_at(base.now);
    let companion = base.companion(field.key());
    let new = ttl_ends.filter(|_| is_set).map(|expires_at| expires_at.as_millis().to_smolstr());
    match companion {
        // The field was taken for absent: another request that stores the same text again meanwhile
        // has stored something new.
        Some(companion) if base.is_over(field.key()) => {
            out.replace(companion.key.into(), Some(companion.text), new);
        }
        None if ttl_ends.is_none() => {}
        _ => {
            let op = new.map_or(FieldOp::Remove, FieldOp::Set);
            out.push(companion_key(field.key()).into(), op);
        }
    }
}
