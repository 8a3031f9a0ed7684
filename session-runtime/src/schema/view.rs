//! What generated accessors do: read and change the fields of one schema in one request.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use super::SessionSchema;
use super::any_values::{AnyValues, Seen, SharedValues};
use super::change::Change;
use super::field::Field;
use super::resolve::reads_as_absent;
use super::snapshot::{Held, Snapshot};
use super::values::Values;
use crate::clock::Timestamp;
use crate::record::Record;

/// After this many reruns, the closure must be changing the field through the session: `update`
/// panics.
const MAX_RUNS: usize = 1_000;

/// One schema's part of the session of one request. The generated accessors call it.
pub struct View<S> {
    request: Arc<dyn SharedValues>,
    /// Its place among the views of the request.
    index: usize,
    schema: PhantomData<fn() -> S>,
}

impl<S> Clone for View<S> {
    fn clone(&self) -> Self {
        Self { request: self.request.clone(), index: self.index, schema: PhantomData }
    }
}

impl<S> fmt::Debug for View<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl<S: SessionSchema> View<S> {
    /// The view at `index` of the request's views.
    pub(crate) fn new(request: Arc<dyn SharedValues>, index: usize) -> Self {
        Self { request, index, schema: PhantomData }
    }

    /// The value as this request sees it.
    pub fn get<T>(&self, field: &Field<S, T>) -> T {
        self.expire(field);
        self.lock(|values| (field.clone)((field.get)(&values.current)))
    }

    /// This request decides the value.
    pub fn set<T>(&self, field: &Field<S, T>, value: T) {
        let value = field.normal(value);
        // The old value and change are dropped when the lock is released.
        let _old = self.lock(|values| {
            let old = mem::replace((field.get_mut)(&mut values.current), value);
            (old, values.decide(field.index, false))
        });
    }

    /// This request removes the value; it reads as the default.
    pub fn clear<T>(&self, field: &Field<S, T>) {
        let default = field.default_value();
        let _old = self.lock(|values| {
            let old = mem::replace((field.get_mut)(&mut values.current), default);
            (old, values.decide(field.index, true))
        });
    }

    /// Whether the field has a stored value, or will have one.
    pub fn has<T>(&self, field: &Field<S, T>) -> bool {
        self.look(|values, stored| {
            let is_held = self.held(stored, field, |held| held.is_some());
            pending(values, field, is_held).unwrap_or(is_held)
        })
    }

    /// When the field expires: as it is stored, or as it would be if it were saved now. `None` if
    /// it has no value, or one that expires with the session.
    pub fn field_expires_at<T>(&self, field: &Field<S, T>) -> Option<Timestamp> {
        self.look(|values, stored| {
            let is_held = self.held(stored, field, |held| held.is_some());
            match pending(values, field, is_held) {
                Some(true) => S::FIELDS[field.index].expires_at(self.request.clock().recent()),
                Some(false) => None,
                None => self.held(stored, field, |held| held?.expires_at),
            }
        })
    }

    /// Rewrites the value. `step` runs again if another request stored a new value meanwhile.
    pub fn update<T: 'static>(
        &self,
        field: &Field<S, T>,
        mut step: impl Fn(&mut T) + Send + 'static,
    ) -> T {
        let get_mut = field.get_mut;
        self.expire(field);
        for _ in 0..MAX_RUNS {
            let (mut value, revision) = self.lock(|values| {
                ((field.clone)((field.get)(&values.current)), values.revision(field.index))
            });
            step(&mut value);
            let value = field.normal(value);
            let kept = (field.clone)(&value);
            // The old value is dropped when the lock is released.
            let swapped = self.lock(|values| {
                if values.revision(field.index) != revision {
                    return Err(step);
                }
                let old = mem::replace(get_mut(&mut values.current), kept);
                values.log(field.index, Box::new(move |values: &mut S| step(get_mut(values))));
                Ok(old)
            });
            match swapped {
                Ok(_old) => return value,
                // Another task of this request changed the field while the closure ran.
                Err(again) => step = again,
            }
        }
        panic!(
            "the closure that updates the session field `{}` changes it through the session: let it \
             change the value that it is given",
            field.key
        );
    }

    /// Adds to a counter; the store merges the deltas of concurrent requests.
    pub fn add<T>(&self, field: &Field<S, T>, amount: T) -> T {
        self.sum(field, amount, 1)
    }

    /// Subtracts from a counter; the store merges the deltas of concurrent requests.
    pub fn sub<T>(&self, field: &Field<S, T>, amount: T) -> T {
        self.sum(field, amount, -1)
    }

    fn sum<T>(&self, field: &Field<S, T>, amount: T, sign: i128) -> T {
        // Only a counter has accessors that add.
        let Some(ops) = field.counter else { return amount };
        let delta = sign * (ops.wide)(amount);
        self.expire(field);
        self.lock(|values| {
            values.add(field.index, delta);
            (field.clone)((field.get)(&values.current))
        })
    }

    /// Leaves a message for a later read.
    pub fn flash<T: Send + 'static>(&self, field: &Field<S, T>, message: T) {
        // Only a flash field has an accessor that flashes.
        let Some(ops) = field.flash else { return };
        let clone = field.clone;
        self.update(field, move |messages| (ops.put)(messages, clone(&message)));
    }

    /// Reads the messages once, and removes them.
    pub fn take<T: Send + 'static>(&self, field: &Field<S, T>) -> T {
        let (get_mut, clone, encode) = (field.get_mut, field.clone, field.encode);
        // Only a flash field has an accessor that takes.
        let Some(ops) = field.flash else { return self.get(field) };
        self.expire(field);
        self.lock(|values| {
            if (ops.is_empty)((field.get)(&values.current)) {
                return (ops.nothing)();
            }
            let copy = clone((field.get)(&values.current));
            let taken = mem::replace(get_mut(&mut values.current), (ops.nothing)());
            values.log(
                field.index,
                Box::new(move |values: &mut S| {
                    (ops.remove_taken)(get_mut(values), clone(&copy), encode);
                }),
            );
            taken
        })
    }

    /// Resets a field that has expired since the session was loaded to its default. A value that
    /// this request changed cannot expire before it is saved.
    fn expire<T>(&self, field: &Field<S, T>) {
        if field.ttl.is_none() || !self.is_expired(field) {
            return;
        }
        let default = field.default_value();
        let _old = self.lock(|values| {
            if values.change(field.index).is_some() {
                return default;
            }
            mem::replace((field.get_mut)(&mut values.current), default)
        });
    }

    fn is_expired<T>(&self, field: &Field<S, T>) -> bool {
        self.look(|values, record| {
            let Some(record) = record else { return false };
            let stored = Snapshot::to_read(&record.fields, self.request.clock());
            stored.has_expired(S::FIELDS[field.index]) && values.change(field.index).is_none()
        })
    }

    /// Calls `read` with the stored value of a field.
    fn held<T, R>(
        &self,
        record: Option<&Record>,
        field: &Field<S, T>,
        read: impl FnOnce(Option<Held<'_>>) -> R,
    ) -> R {
        let held = record.and_then(|record| {
            Snapshot::to_read(&record.fields, self.request.clock()).held(S::FIELDS[field.index])
        });
        read(held)
    }

    fn lock<R>(&self, look: impl FnOnce(&mut Values<S>) -> R) -> R {
        self.look(|values, _| look(values))
    }

    /// Runs `look` under the lock of the request's session.
    fn look<R>(&self, look: impl FnOnce(&mut Values<S>, Option<&Record>) -> R) -> R {
        let mut look = Some(look);
        let mut answer = None;
        self.request.look(&mut |Seen { values, record }| {
            let values = downcast(&mut *values[self.index]);
            answer = look.take().map(|look| look(values, record));
        });
        // `SharedValues::look` runs its closure.
        answer.expect("the request shows its views")
    }
}

/// Whether the field has a value once this request's change is saved. `None` if it changed nothing.
fn pending<S: SessionSchema, T>(
    values: &Values<S>,
    field: &Field<S, T>,
    is_held: bool,
) -> Option<bool> {
    let any = S::FIELDS[field.index];
    let text = || any.encode(&values.current);
    Some(match values.change(field.index)? {
        Change::Decided { cleared: true, .. } => false,
        Change::Sum { delta: 0, .. } => return None,
        // The store adds to an absent value, whatever the sum is.
        Change::Sum { .. } if field.ttl.is_none() => true,
        // A value that cannot be written counts as one. The commit reports the error.
        Change::Sum { .. } | Change::Log { .. } if !is_held => {
            text().map_or(true, |text| !reads_as_absent(any, text.as_ref()))
        }
        Change::Decided { .. } | Change::Sum { .. } | Change::Log { .. } => {
            text().map_or(true, |text| text.is_some())
        }
    })
}

fn downcast<S: SessionSchema>(view: &mut dyn AnyValues) -> &mut Values<S> {
    let view: &mut dyn Any = view;
    // A view is made with the index of its own schema's values, and views never move.
    view.downcast_mut().expect("a view's index belongs to its schema")
}
