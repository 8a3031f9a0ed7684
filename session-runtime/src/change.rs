//! The typed values of one schema in one request, and what the request did to them.

use std::any::Any;
use std::mem;
use std::sync::Arc;

use crate::error::SessionError;
use crate::field::{AnyField, held};
use crate::patch::FieldOp;
use crate::record::{Fields, Principal};
use crate::schema::SessionSchema;
use crate::state::{AnySave, AnyView, Resolved};

/// One step of a read-modify-write, repeatable on any value.
pub(crate) type Step<S> = Box<dyn Fn(&mut S) + Send>;

/// The values of a schema as the request sees them, and its changes.
pub(crate) struct Values<S> {
    pub(crate) current: S,
    /// At most one change a field, by the field's index.
    changes: Vec<(usize, Change<S>)>,
    /// Moves with every change, so that a closure that ran without the lock knows whether its result
    /// is still good.
    pub(crate) revision: u64,
}

/// What a request did to one field.
pub(crate) enum Change<S> {
    /// This request's value wins.
    Decided { cleared: bool },
    /// The sum of `add_x` and `sub_x` on the value `base`.
    Sum { base: i64, delta: i128 },
    /// Steps that are replayed if another request changed the field meanwhile.
    Log {
        steps: Vec<Step<S>>,
        /// `current` does not come from these steps on the stored text: replay before saving.
        stale: bool,
    },
}

impl<S: SessionSchema> Values<S> {
    /// The values in `fields`.
    pub(crate) fn decode(fields: &Fields) -> Result<Self, SessionError> {
        let mut current = S::defaults();
        if !fields.is_empty() {
            for field in S::FIELDS {
                field.decode(fields, &mut current)?;
            }
        }
        Ok(Self { current, changes: Vec::new(), revision: 0 })
    }

    pub(crate) fn change(&self, index: usize) -> Option<&Change<S>> {
        self.changes.iter().find(|(at, _)| *at == index).map(|(_, change)| change)
    }

    fn change_mut(&mut self, index: usize) -> Option<&mut Change<S>> {
        self.changes.iter_mut().find(|(at, _)| *at == index).map(|(_, change)| change)
    }

    /// Replaces the change of a field; the old one is returned to be dropped without the lock.
    fn put_change(&mut self, index: usize, change: Change<S>) -> Option<Change<S>> {
        self.revision += 1;
        match self.change_mut(index) {
            Some(old) => Some(mem::replace(old, change)),
            None => {
                self.changes.push((index, change));
                None
            }
        }
    }

    /// The request decided the value of a field, which `current` has already.
    pub(crate) fn decide(&mut self, index: usize, cleared: bool) -> Option<Change<S>> {
        self.put_change(index, Change::Decided { cleared })
    }

    /// Adds to a counter.
    pub(crate) fn add(&mut self, index: usize, delta: i128) {
        let field = S::FIELDS[index];
        let count = field.count(&self.current);
        self.revision += 1;
        let sum = match self.change_mut(index) {
            None => {
                self.changes.push((index, Change::Sum { base: count, delta }));
                i128::from(count) + delta
            }
            Some(Change::Sum { base, delta: sum }) => {
                *sum = sum.saturating_add(delta);
                i128::from(*base).saturating_add(*sum)
            }
            Some(Change::Decided { cleared }) => {
                *cleared = false;
                i128::from(count) + delta
            }
            Some(Change::Log { steps, .. }) => {
                steps.push(add_step(field, delta));
                i128::from(count) + delta
            }
        };
        field.set_count(&mut self.current, sum);
    }

    /// The request rewrote a field with `step`; `current` has the outcome already.
    pub(crate) fn log(&mut self, index: usize, step: Step<S>) {
        self.revision += 1;
        match self.change_mut(index) {
            None => {
                self.changes.push((index, Change::Log { steps: vec![step], stale: false }));
            }
            Some(Change::Decided { cleared }) => *cleared = false,
            Some(Change::Log { steps, .. }) => steps.push(step),
            Some(change @ Change::Sum { .. }) => {
                let Change::Sum { delta, .. } = *change else { return };
                let steps = vec![add_step(S::FIELDS[index], delta), step];
                *change = Change::Log { steps, stale: false };
            }
        }
    }
}

fn add_step<S: 'static>(field: &'static dyn AnyField<S>, delta: i128) -> Step<S> {
    Box::new(move |values| {
        let sum = i128::from(field.count(values)).saturating_add(delta);
        field.set_count(values, sum);
    })
}

impl<S: SessionSchema> AnyView for Values<S> {
    fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    fn begin_save(&mut self, principal_only: bool) -> Result<Box<dyn AnySave>, SessionError> {
        let texts = self
            .changes
            .iter()
            .map(|(index, change)| match change {
                Change::Decided { cleared: false } | Change::Log { stale: false, .. } => {
                    S::FIELDS[*index].encode(&self.current)
                }
                _ => Ok(None),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let saves = mem::take(&mut self.changes).into_iter().zip(texts);
        let saves = saves.map(|((index, change), text)| {
            let save = match change {
                Change::Decided { .. } => Save::Decided(text),
                Change::Sum { delta, .. } => Save::Sum(delta),
                Change::Log { steps, stale } => {
                    Save::Log { steps, ready: if stale { None } else { Some(text) } }
                }
            };
            (S::FIELDS[index], save)
        });
        Ok(Box::new(Saves { list: saves.collect(), principal_only }))
    }

    fn rebase(&mut self, fields: &Fields) {
        self.revision += 1;
        for (index, field) in S::FIELDS.iter().enumerate() {
            match self.changes.iter_mut().find(|(at, _)| *at == index) {
                None => {
                    // What no longer decodes is left as this request saw it; writing it needs no
                    // reading, and rewriting it is a conflict that reports the mismatch.
                    let _ = field.decode(fields, &mut self.current);
                }
                Some((_, Change::Sum { base, delta })) => {
                    if field.decode(fields, &mut self.current).is_ok() {
                        *base = field.count(&self.current);
                        let sum = i128::from(*base).saturating_add(*delta);
                        field.set_count(&mut self.current, sum);
                    }
                }
                Some((_, Change::Log { stale, .. })) => *stale = true,
                Some((_, Change::Decided { .. })) => {}
            }
        }
    }

    fn reset(&mut self) -> Box<dyn Any + Send> {
        let revision = self.revision + 1;
        let fresh = Self { current: S::defaults(), changes: Vec::new(), revision };
        Box::new(mem::replace(self, fresh))
    }
}

/// The changes of one schema on their way to the store.
struct Saves<S: 'static> {
    list: Vec<(&'static dyn AnyField<S>, Save<S>)>,
    /// The other changes are dropped with this.
    principal_only: bool,
}

enum Save<S> {
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
        && (held.key != field.key() || crate::patch::parse_integer(held.text).is_none())
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
