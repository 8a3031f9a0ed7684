//! The place of each schema's values among the views of one request.

use std::any::Any;

use crate::change::Values;
use crate::clock::Clock;
use crate::error::SessionError;
use crate::schema::SessionSchema;
use crate::state::{AnyView, State, StateCell, Stored};
use crate::ttl::Snapshot;

/// Where the values of `S` are, decoded at the first call.
pub(crate) fn view_index<S: SessionSchema>(
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
        // `Deserialize` is code of the application: it runs without the lock.
        let values = Values::<S>::decode(&Snapshot::to_read(&fields, clock))?;
        // What is not needed is dropped after the lock.
        let mut state = cell.lock();
        let is_current =
            state.record().map_or(fields.is_empty(), |record| record.fields.is_same_copy(&fields));
        if is_current && position::<S>(&state).is_none() {
            state.views.push(values);
            return Ok(state.views.len() - 1);
        }
    }
}

/// [`first_view`] of some schema.
pub(crate) type FirstView = fn(&Stored, &dyn Clock) -> Result<Box<dyn AnyView>, SessionError>;

/// The values of `S` in a session that nobody has looked at yet.
pub(crate) fn first_view<S: SessionSchema>(
    stored: &Stored,
    clock: &dyn Clock,
) -> Result<Box<dyn AnyView>, SessionError> {
    Ok(match stored.record() {
        Some(record) => Values::<S>::decode(&Snapshot::to_read(&record.fields, clock))?,
        None => Box::new(Values::<S>::new()),
    })
}

fn position<S: SessionSchema>(state: &State) -> Option<usize> {
    state.views.iter().position(|view| {
        let view: &dyn Any = &**view;
        view.is::<Values<S>>()
    })
}
