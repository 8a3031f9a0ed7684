//! What is known of one request's session at a moment: the single locked cell behind every handle.

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::SessionError;
use crate::id::StoreKey;
use crate::patch::FieldOp;
use crate::record::{Fields, Principal, Record};

/// The cell that all handles of one request share.
#[derive(Default)]
pub(crate) struct StateCell(Mutex<State>);

impl StateCell {
    /// Locks the state; never across an await or while a closure of the application runs.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only come from a field type's own `Clone` or `Serialize`,
        // which happen before anything is changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session of one request.
#[derive(Default)]
pub(crate) struct State {
    /// What the store holds, as far as this request knows.
    pub(crate) stored: Stored,
    /// The typed views of it, one a schema.
    pub(crate) views: Vec<Box<dyn AnyView>>,
    /// What the handler asked for beside changes of fields.
    pub(crate) wish: Wish,
    /// What the response has to tell the browser.
    pub(crate) cookie: PendingCookie,
    /// A commit is under way, or was cancelled or failed: what it did is unknown.
    pub(crate) outcome_unknown: bool,
    /// The head of the response is gone: no cookie can be sent any more.
    pub(crate) responded: bool,
}

/// What the store holds.
#[derive(Default)]
pub(crate) enum Stored {
    /// No session.
    #[default]
    Nothing,
    /// A live session.
    Live(Box<LiveSession>),
    /// A session that was deleted or renewed elsewhere.
    Gone,
}

/// A live session.
#[derive(Clone)]
pub(crate) struct LiveSession {
    /// The cookie's value.
    pub(crate) token: String,
    pub(crate) key: StoreKey,
    pub(crate) record: Record,
}

/// What the handler asked for, until the next commit.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) renew: bool,
    pub(crate) remember: Option<bool>,
    /// Records to delete.
    pub(crate) doomed: Vec<StoreKey>,
    /// A session that was gone already was destroyed.
    pub(crate) destroy_gone: bool,
}

/// What the response has to tell the browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum PendingCookie {
    #[default]
    Nothing,
    Set,
    Remove,
}

impl State {
    /// The fields that are stored, as far as this request knows.
    pub(crate) fn fields(&self) -> Fields {
        self.record().map(|record| record.fields.clone()).unwrap_or_default()
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.live().map(|live| &live.record)
    }

    pub(crate) fn live(&self) -> Option<&LiveSession> {
        match &self.stored {
            Stored::Live(live) => Some(live),
            Stored::Nothing | Stored::Gone => None,
        }
    }

    pub(crate) fn has_changes(&self) -> bool {
        self.views.iter().any(|view| view.has_changes())
    }

    /// Puts every view back to its defaults; what they held is returned so that it is dropped
    /// after the lock is released: it contains closures and values of the application.
    pub(crate) fn reset_views(&mut self) -> Vec<Box<dyn Any + Send>> {
        self.views.iter_mut().map(|view| view.reset()).collect()
    }
}

/// The view of one schema, its type forgotten.
pub(crate) trait AnyView: Any + Send {
    fn has_changes(&self) -> bool;

    /// Takes the changes out to be saved. On an error they stay.
    fn begin_save(&mut self) -> Result<Box<dyn AnySave>, SessionError>;

    /// The stored fields became `fields` while a commit replayed changes: what this view shows of
    /// them follows.
    fn rebase(&mut self, fields: &Fields);

    /// Back to defaults without changes; returns what it held.
    fn reset(&mut self) -> Box<dyn Any + Send>;
}

/// The changes of one view on their way to the store.
pub(crate) trait AnySave: Send {
    /// The operations that make these changes on a record that holds `base`. The first call uses the
    /// values that the request saw, later ones replay its closures on `base`.
    fn resolve(&mut self, base: &Fields, out: &mut Resolved) -> Result<(), SessionError>;

    /// The field that a mismatch was found in has this type.
    fn type_of(&self, key: &str) -> Option<&'static str>;
}

/// The operations of a commit.
#[derive(Default)]
pub(crate) struct Resolved {
    pub(crate) ops: Vec<(Arc<str>, FieldOp)>,
    /// Set when the principal field was written.
    pub(crate) principal: Option<Option<Principal>>,
}
