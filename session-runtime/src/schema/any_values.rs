//! The values of all schemas in the session of one request.

use std::any::Any;

use smallvec::SmallVec;

use super::resolve::AnyChanges;
use super::snapshot::Snapshot;
use crate::clock::Clock;
use crate::error::SessionError;
use crate::record::Record;

/// What a view sees of its request, and what keeps it alive.
pub(crate) trait SharedValues: Send + Sync {
    /// Runs `look` once, under the lock of the request's session.
    fn look(&self, look: &mut dyn FnMut(Seen<'_>));

    /// Tells which fields have expired. A request may outlast them.
    fn clock(&self) -> &dyn Clock;
}

/// The values of a request, and the stored record.
pub(crate) struct Seen<'a> {
    pub(crate) values: &'a mut AllValues,
    pub(crate) record: Option<&'a Record>,
}

/// The values of all schemas of a request: nearly always one or none.
pub(crate) type AllValues = SmallVec<[Box<dyn AnyValues>; 1]>;

/// The [`Values`](super::values::Values) of one schema, without its type.
pub(crate) trait AnyValues: Any + Send {
    fn has_changes(&self) -> bool;

    /// Writes the texts of decided and rewritten values: a commit begins.
    fn encode(&mut self) -> Result<(), SessionError>;

    /// The changes, in their place.
    fn changes(&mut self) -> &mut dyn AnyChanges;

    /// Takes the changes out, so that they are saved while the values are still in use.
    fn take_changes(&mut self) -> Box<dyn AnyChanges>;

    /// Shows the stored fields as they are now, with this request's changes on top. Answers the
    /// values that it showed before.
    #[must_use]
    fn rebase(&mut self, stored: &Snapshot<'_>) -> Box<dyn Any + Send>;

    /// Goes back to defaults, without changes. Answers all that it held.
    fn reset(&mut self) -> Box<dyn Any + Send>;
}

/// Values and closures of the application, to be dropped once the lock is released: their `Drop`
/// may use the session.
pub(crate) type Discarded = Vec<Box<dyn Any + Send>>;
