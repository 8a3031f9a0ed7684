//! `Session<S>`: what handlers hold.

use std::ops::Deref;

use crate::schema::SessionSchema;
use crate::view::View;

/// The visitor's session, seen through the schema `S`.
pub struct Session<S: SessionSchema> {
    accessors: S::Accessors,
}

impl<S: SessionSchema> Session<S> {
    pub(crate) fn new(view: View<S>) -> Self {
        Self { accessors: S::accessors(view) }
    }
}

impl<S: SessionSchema> Deref for Session<S> {
    type Target = S::Accessors;

    fn deref(&self) -> &S::Accessors {
        &self.accessors
    }
}
