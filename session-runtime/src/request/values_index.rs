//! The place of each schema's values in one request.

use std::any::Any;

use super::state::{State, StateCell};
use crate::backend::stored::Stored;
use crate::clock::Clock;
use crate::error::SessionError;
use crate::schema::SessionSchema;
use crate::schema::any_values::AnyValues;
use crate::schema::snapshot::Snapshot;
use crate::schema::values::Values;

/// The index of the values of `S`. The first call decodes them.
pub(super) fn values_index<S: SessionSchema>(
    cell: &StateCell,
    clock: &dyn Clock,
) -> Result<usize, SessionError> {
    loop {
        let fields = {
            let state = cell.lock();
            if let Some(index) = position::<S>(&state) {
                return Ok(index);
            }
            state.fields()
        };
        // `Deserialize` is code of the application, so it runs without the lock.
        let values = Values::<S>::decode(&Snapshot::to_read(&fields, clock))?;
        // If the values are not needed, they are dropped after the lock is released.
        let mut state = cell.lock();
        let is_current =
            state.record().map_or(fields.is_empty(), |record| record.fields.is_same_copy(&fields));
        if is_current && position::<S>(&state).is_none() {
            state.values.push(values);
            return Ok(state.values.len() - 1);
        }
    }
}

/// [`first_values`] of some schema.
pub(super) type FirstValues = fn(&Stored, &dyn Clock) -> Result<Box<dyn AnyValues>, SessionError>;

/// The values of `S` in a session that has no values yet.
pub(super) fn first_values<S: SessionSchema>(
    stored: &Stored,
    clock: &dyn Clock,
) -> Result<Box<dyn AnyValues>, SessionError> {
    Ok(match stored.record() {
        Some(record) => Values::<S>::decode(&Snapshot::to_read(&record.fields, clock))?,
        None => Box::new(Values::<S>::new()),
    })
}

fn position<S: SessionSchema>(state: &State) -> Option<usize> {
    state.values.iter().position(|values| {
        let values: &dyn Any = &**values;
        values.is::<Values<S>>()
    })
}
