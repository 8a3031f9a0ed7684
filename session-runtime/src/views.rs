//! The place of each schema's values among the views of one request.

use std::any::Any;

use crate::change::Values;
use crate::error::SessionError;
use crate::schema::SessionSchema;
use crate::state::{State, StateCell};
use crate::ttl::Snapshot;

/// Where the values of `S` are, decoded at the first call.
pub(crate) fn view_index<S: SessionSchema>(cell: &StateCell) -> Result<usize, SessionError> {
    loop {
        let (fields, now) = {
            let state = cell.lock();
            if let Some(index) = position::<S>(&state) {
                return Ok(index);
            }
            (state.fields(), state.now())
        };
        // `Deserialize` is code of the application: it runs without the lock.
        let values = Values::<S>::decode(&Snapshot::new(&fields, now))?;
        let mut state = cell.lock();
        if let Some(index) = position::<S>(&state) {
            return Ok(index);
        }
        if state.fields().is_same_copy(&fields) {
            state.views.push(Box::new(values));
            return Ok(state.views.len() - 1);
        }
    }
}

fn position<S: SessionSchema>(state: &State) -> Option<usize> {
    state.views.iter().position(|view| {
        let view: &dyn Any = &**view;
        view.is::<Values<S>>()
    })
}
