//! Changes on their way to the store: from values and closures to operations on JSON text.

use std::sync::Arc;

use crate::change::{Step, add_step};
use crate::error::SessionError;
use crate::field::{AnyField, held};
use crate::patch::{FieldOp, parse_integer};
use crate::record::{Fields, Principal};
use crate::schema::SessionSchema;
use crate::state::{AnySave, Resolved};

/// The changes of one schema on their way to the store.
pub(crate) struct Saves<S: 'static> {
    pub(crate) list: Vec<(&'static dyn AnyField<S>, Save<S>)>,
    /// The other changes are dropped with this.
    pub(crate) principal_only: bool,
}

pub(crate) enum Save<S> {
    /// The text to store; `None`: remove it.
    Decided(Option<Arc<str>>),
    Sum(i128),
    Log {
        steps: Vec<Step<S>>,
        /// The outcome that the request saw, good for the first try.
        ready: Option<Option<Arc<str>>>,
    },
}

impl<S: SessionSchema> AnySave for Saves<S> {
    fn resolve(&mut self, base: &Fields, out: &mut Resolved) -> Result<(), SessionError> {
        for (field, save) in &mut self.list {
            if self.principal_only && !field.is_principal() {
                continue;
            }
            match save {
                Save::Decided(text) => decide(*field, text.as_ref(), base, out),
                Save::Sum(0) => {}
                Save::Sum(delta) => match plain_add(*field, *delta, base) {
                    Some(add) => out.ops.push((field.key().into(), add)),
                    None => {
                        let steps = [add_step(*field, *delta)];
                        replace(*field, replay(*field, &steps, base)?, base, out);
                    }
                },
                Save::Log { steps, ready } => {
                    let text = match ready.take() {
                        Some(text) => text,
                        None => {
                            out.replayed = true;
                            replay(*field, steps, base)?
                        }
                    };
                    replace(*field, text, base, out);
                }
            }
        }
        Ok(())
    }
}

/// Writes the field, whatever is there.
fn decide<S>(field: &dyn AnyField<S>, text: Option<&Arc<str>>, base: &Fields, out: &mut Resolved) {
    if field.is_principal() {
        out.principal = Some(text.map(|text| Principal::new(field.key(), text.clone())));
    }
    out.ops.push((field.key().into(), text.cloned().map_or(FieldOp::Remove, FieldOp::Set)));
    let old = field.aliases().iter().filter(|alias| base.contains(alias));
    out.ops.extend(old.map(|alias| (Arc::from(*alias), FieldOp::Remove)));
}

/// The sum as one `Add`, unless the value is held under an older key, must be reset first, or the sum
/// fits no `i64`.
fn plain_add<S: SessionSchema>(
    field: &dyn AnyField<S>,
    delta: i128,
    base: &Fields,
) -> Option<FieldOp> {
    let bounds = field.bounds()?;
    let delta = i64::try_from(delta).ok()?;
    if let Some(held) = held(field, base)
        && (held.key != field.key() || parse_integer(held.text).is_none())
    {
        return None;
    }
    Some(FieldOp::Add { delta, min: bounds.min, max: bounds.max, start: bounds.start })
}

/// The outcome of `steps` on what `base` holds.
fn replay<S: SessionSchema>(
    field: &dyn AnyField<S>,
    steps: &[Step<S>],
    base: &Fields,
) -> Result<Option<Arc<str>>, SessionError> {
    let mut values = S::defaults();
    field.decode(base, &mut values)?;
    for step in steps {
        step(&mut values);
    }
    field.encode(&values)
}

/// Writes the field if it still holds what `base` holds; an older key goes, the new one comes.
fn replace<S: SessionSchema>(
    field: &dyn AnyField<S>,
    new: Option<Arc<str>>,
    base: &Fields,
    out: &mut Resolved,
) {
    let held = held(field, base);
    let unchanged = match &held {
        Some(held) => new.as_ref() == Some(held.text),
        // What an absent key reads as anyway needs no key.
        None => new.is_none() || new == field.encode(&S::defaults()).unwrap_or_default(),
    };
    if unchanged {
        return;
    }
    let mut push = |key: &str, old: Option<&Arc<str>>, new| {
        out.ops.push((key.into(), FieldOp::Replace { old: old.cloned(), new }));
    };
    match held {
        Some(held) if held.key != field.key() => {
            push(held.key, Some(held.text), None);
            push(field.key(), None, new);
        }
        held => push(field.key(), held.map(|held| held.text), new),
    }
}
