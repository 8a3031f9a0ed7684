//! What happens to sessions, told to the application.

use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::record::Principal;

/// Something that happened to a session: what [`SessionsBuilder::on_event`] tells, after the store has
/// confirmed it.
///
/// The ids are those of [`Session::id`](crate::Session::id), no secrets. The [`value`](Principal::value) of a
/// principal is the JSON text of its field.
///
/// A session that expires is no event: nobody notices the moment.
///
/// [`SessionsBuilder::on_event`]: crate::SessionsBuilder::on_event
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// A visitor's session was stored for the first time.
    #[non_exhaustive]
    Created {
        /// The new session.
        id: StoreKey,
        /// Who is signed in.
        principal: Option<Principal>,
        /// When it happened.
        at: Timestamp,
    },
    /// A session got a new id, because its principal changed or [`renew`](crate::Session::renew) was
    /// called.
    #[non_exhaustive]
    Renewed {
        /// The id that is dead now.
        from: StoreKey,
        /// The new one.
        to: StoreKey,
        /// Who is signed in.
        principal: Option<Principal>,
        /// When it happened.
        at: Timestamp,
    },
    /// A request ended its session with [`Session::destroy`](crate::Session::destroy) or
    /// [`SessionHandle::destroy`](crate::SessionHandle::destroy), or found it ended or renewed by another
    /// request meanwhile.
    #[non_exhaustive]
    Destroyed {
        /// The session. If another request renewed it meanwhile, this is its id from before, and what it was
        /// [renewed](Self::Renewed) to has ended with it.
        id: StoreKey,
        /// Who was signed in.
        principal: Option<Principal>,
        /// When it happened.
        at: Timestamp,
    },
    /// [`Sessions::delete`](crate::Sessions::delete) ended a session, or found it gone already.
    #[non_exhaustive]
    Deleted {
        /// The session.
        id: StoreKey,
        /// When it happened.
        at: Timestamp,
    },
    /// [`Sessions::delete_all`](crate::Sessions::delete_all) or
    /// [`delete_others`](crate::Sessions::delete_others) ended the sessions of a principal.
    #[non_exhaustive]
    DeletedAll {
        /// Whose sessions.
        principal: Principal,
        /// The session that was spared.
        except: Option<StoreKey>,
        /// How many there were; 0 where cookies hold the sessions, which nobody counts.
        count: usize,
        /// When it happened.
        at: Timestamp,
    },
}

/// Tells the application of events.
#[derive(Default)]
pub(crate) struct Hooks(Vec<Hook>);

type Hook = Box<dyn Fn(&SessionEvent) + Send + Sync>;

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl Fn(&SessionEvent) + Send + Sync + 'static) {
        self.0.push(Box::new(hook));
    }

    /// What `event` makes, if anybody listens.
    pub(crate) fn prepare(&self, event: impl FnOnce() -> SessionEvent) -> Option<SessionEvent> {
        (!self.0.is_empty()).then(event)
    }

    /// Tells what was prepared.
    pub(crate) fn tell(&self, event: Option<SessionEvent>) {
        self.later().extend(event);
    }

    /// Collects what is to be told.
    pub(crate) fn later(&self) -> Events<'_> {
        Events { hooks: self, events: Vec::new() }
    }
}

/// What has happened, told when this is dropped: when all is saved and nothing is locked, also if the
/// request ends before.
pub(crate) struct Events<'a> {
    hooks: &'a Hooks,
    events: Vec<SessionEvent>,
}

impl Events<'_> {
    /// Adds what was prepared.
    pub(crate) fn extend(&mut self, event: Option<SessionEvent>) {
        self.events.extend(event);
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        for event in &self.events {
            self.hooks.0.iter().for_each(|hook| hook(event));
        }
    }
}
