//! What generated accessors do: read and change the fields of one schema in one request.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use crate::change::{Change, Values};
use crate::field::held;
use crate::schema::{Field, SessionSchema};
use crate::state::{AnyView, State, StateCell};

/// One schema's part of the session of one request: the inside of a generated handle.
pub struct View<S> {
    cell: Arc<StateCell>,
    /// Its place among the views of the request.
    index: usize,
    schema: PhantomData<fn() -> S>,
}

impl<S> Clone for View<S> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone(), index: self.index, schema: PhantomData }
    }
}

impl<S> fmt::Debug for View<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

impl<S: SessionSchema> View<S> {
    /// The view at `index` of the request's views.
    pub(crate) fn new(cell: Arc<StateCell>, index: usize) -> Self {
        Self { cell, index, schema: PhantomData }
    }

    /// The value as this request sees it.
    pub fn get<T>(&self, field: &Field<S, T>) -> T {
        self.lock(|values| (field.clone)((field.get)(&values.current)))
    }

    /// This request decides the value.
    pub fn set<T>(&self, field: &Field<S, T>, value: T) {
        let value = normal(field, value);
        // The old value and change are dropped when the lock is released.
        let _old = self.lock(|values| {
            let old = mem::replace((field.get_mut)(&mut values.current), value);
            (old, values.decide(field.index, false))
        });
    }

    /// This request removes the value; it reads as the default.
    pub fn clear<T>(&self, field: &Field<S, T>) {
        let default = (field.default)();
        let _old = self.lock(|values| {
            let old = mem::replace((field.get_mut)(&mut values.current), default);
            (old, values.decide(field.index, true))
        });
    }

    /// Whether the field has a stored value, or will have one.
    pub fn has<T>(&self, field: &Field<S, T>) -> bool {
        self.locked_state(|state, index| {
            let values = downcast::<S>(&mut *state.views[index]);
            let any = S::FIELDS[field.index];
            match values.change(field.index) {
                Some(Change::Decided { cleared: true }) => return false,
                Some(Change::Sum { .. }) => return true,
                Some(Change::Decided { .. } | Change::Log { .. }) => {
                    // A value that cannot be written is there all the same: the commit reports it.
                    return any.encode(&values.current).map_or(true, |text| text.is_some());
                }
                None => {}
            }
            state.record().is_some_and(|record| held(any, &record.fields).is_some())
        })
    }

    /// Rewrites the value; `step` is run again on what another request stored meanwhile.
    pub fn update<T: 'static>(
        &self,
        field: &Field<S, T>,
        mut step: impl Fn(&mut T) + Send + 'static,
    ) -> T {
        let get_mut = field.get_mut;
        loop {
            let (mut value, revision) =
                self.lock(|values| ((field.clone)((field.get)(&values.current)), values.revision));
            step(&mut value);
            let value = normal(field, value);
            let kept = (field.clone)(&value);
            // The old value is dropped when the lock is released.
            let swapped = self.lock(|values| {
                if values.revision != revision {
                    return Err(step);
                }
                let old = mem::replace(get_mut(&mut values.current), kept);
                values.log(field.index, Box::new(move |values: &mut S| step(get_mut(values))));
                Ok(old)
            });
            match swapped {
                Ok(_old) => return value,
                // Another task of this request changed the session while the closure ran.
                Err(again) => step = again,
            }
        }
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

    /// Reads the messages once: they are gone afterwards.
    pub fn take<T: Send + 'static>(&self, field: &Field<S, T>) -> T {
        let (get_mut, clone, encode) = (field.get_mut, field.clone, field.encode);
        // Only a flash field has an accessor that takes.
        let Some(ops) = field.flash else { return self.get(field) };
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

    fn lock<R>(&self, f: impl FnOnce(&mut Values<S>) -> R) -> R {
        self.locked_state(|state, index| f(downcast(&mut *state.views[index])))
    }

    pub(crate) fn locked_state<R>(&self, f: impl FnOnce(&mut State, usize) -> R) -> R {
        f(&mut self.cell.lock(), self.index)
    }
}

/// Cuts a counter to its bounds; other values stay.
fn normal<S, T>(field: &Field<S, T>, value: T) -> T {
    match field.counter {
        Some(ops) => (ops.make)((ops.get)(&value)),
        None => value,
    }
}

fn downcast<S: SessionSchema>(view: &mut dyn AnyView) -> &mut Values<S> {
    let view: &mut dyn Any = view;
    // A view is made with the index of the values of its own schema, and views never move.
    view.downcast_mut().expect("a view's index belongs to its schema")
}
