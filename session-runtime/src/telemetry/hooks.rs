//! What happens to sessions, told to the application.

use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::record::Principal;

/// Something that happened to a session.
///
/// [`SessionsBuilder::on_event`] tells it after the store has confirmed it.
///
/// The ids are those of [`Session::id`](crate::Session::id), which are no secrets. The
/// [`value`](Principal::value) of a principal is the JSON text of its field.
///
/// A session that expires causes no event, because nobody notices that moment.
///
/// ```
/// use session_runtime::SessionEvent;
///
/// /// A line of an audit log. Times are in milliseconds since the Unix epoch.
/// fn line(event: &SessionEvent) -> Option<String> {
///     let (what, id, at) = match event {
///         SessionEvent::Created { id, at, .. } => ("created", id, at),
///         SessionEvent::Destroyed { id, at, .. } => ("destroyed", id, at),
///         _ => return None,
///     };
///     Some(format!("{} {id} {what}", at.as_millis()))
/// }
/// ```
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
        /// Who is signed in, if anybody.
        principal: Option<Principal>,
        /// When it happened.
        at: Timestamp,
    },
    /// A session got a new id.
    ///
    /// Its principal changed, or the handler called [`renew`](crate::Session::renew).
    #[non_exhaustive]
    Renewed {
        /// The old id, which is no longer valid.
        from: StoreKey,
        /// The new id.
        to: StoreKey,
        /// Who is signed in, if anybody.
        principal: Option<Principal>,
        /// When it happened.
        at: Timestamp,
    },
    /// A request deleted its session.
    ///
    /// It called [`Session::destroy`](crate::Session::destroy) or
    /// [`SessionHandle::destroy`](crate::SessionHandle::destroy). The event is the same if another
    /// request has deleted or renewed the session meanwhile.
    #[non_exhaustive]
    Destroyed {
        /// The session. If another request [renewed](Self::Renewed) it meanwhile, this is the old
        /// id, and the session is deleted under the new id, too.
        id: StoreKey,
        /// Who was signed in, if anybody.
        principal: Option<Principal>,
        /// When it happened.
        at: Timestamp,
    },
    /// [`Sessions::delete`](crate::Sessions::delete) deleted a session, or found none.
    #[non_exhaustive]
    Deleted {
        /// The session.
        id: StoreKey,
        /// When it happened.
        at: Timestamp,
    },
    /// The sessions of a principal were deleted.
    ///
    /// The application called [`Sessions::delete_all`](crate::Sessions::delete_all) or
    /// [`delete_others`](crate::Sessions::delete_others).
    #[non_exhaustive]
    DeletedAll {
        /// Whose sessions.
        principal: Principal,
        /// The session that was not deleted, if one was excepted.
        except: Option<StoreKey>,
        /// How many were deleted. It is 0 if cookies hold the sessions, because nobody can count
        /// them.
        count: usize,
        /// When it happened.
        at: Timestamp,
    },
}

/// The functions of the application that are told of events.
#[derive(Default)]
pub(crate) struct Hooks(Vec<Hook>);

type Hook = Box<dyn Fn(&SessionEvent) + Send + Sync>;

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl Fn(&SessionEvent) + Send + Sync + 'static) {
        self.0.push(Box::new(hook));
    }

    /// Makes the event, unless there is no hook.
    pub(crate) fn prepare(&self, event: impl FnOnce() -> SessionEvent) -> Option<SessionEvent> {
        (!self.0.is_empty()).then(event)
    }

    /// Tells the hooks of the event that was prepared, if any.
    pub(crate) fn tell(&self, event: Option<SessionEvent>) {
        self.later().extend(event);
    }

    /// Collects events to be told later.
    pub(crate) fn later(&self) -> Events<'_> {
        Events { hooks: self, events: Vec::new() }
    }
}

/// Events that have happened. The hooks are told of them when this is dropped.
///
/// By then nothing is locked. A request that is cancelled still tells what it has done.
pub(crate) struct Events<'a> {
    hooks: &'a Hooks,
    events: Vec<SessionEvent>,
}

impl Events<'_> {
    /// Adds the event that was prepared, if any.
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
