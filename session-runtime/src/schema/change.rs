//! What a request did to the fields of one schema.

use crate::record::SharedStr;
use smallvec::SmallVec;

use super::any_field::AnyField;

/// At most one change for each field.
pub(super) type Changes<S> = SmallVec<[FieldChange<S>; 1]>;

/// What a request did to the field at `index`.
pub(super) struct FieldChange<S> {
    pub(super) index: usize,
    pub(super) change: Change<S>,
    /// Counts the changes to `change`.
    pub(super) revision: u64,
}

/// What a request did to one field.
pub(super) enum Change<S> {
    /// This request's value wins.
    Decided {
        cleared: bool,
        /// The text to store, or `None` to remove it. Written when the commit begins.
        text: Option<SharedStr>,
    },
    /// The sum of `add_x` and `sub_x` on the value `base`.
    Sum { base: i64, delta: i128 },
    /// Steps that run again if another request changed the field meanwhile.
    Log {
        steps: Vec<Step<S>>,
        /// The value that the request sees does not come from these steps on the stored text: they
        /// must run again before they are saved.
        stale: bool,
        /// The outcome that the request saw, for the first try. Written when the commit begins.
        ready: Option<Option<SharedStr>>,
    },
}

/// One step of a read-modify-write. It can run on any value, any number of times.
pub(super) type Step<S> = Box<dyn Fn(&mut S) + Send>;

impl<S> Change<S> {
    pub(super) fn of_steps(steps: Vec<Step<S>>, stale: bool) -> Self {
        Self::Log { steps, stale, ready: None }
    }
}

/// An addition to a counter, as a step.
pub(super) fn add_step<S: 'static>(field: &'static dyn AnyField<S>, delta: i128) -> Step<S> {
    Box::new(move |values| {
        let sum = i128::from(field.count(values)).saturating_add(delta);
        field.set_count(values, sum);
    })
}
