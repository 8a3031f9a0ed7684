//! `Session<S>`: what handlers hold.

use std::fmt;
use std::ops::Deref;

use super::handle::SessionHandle;
use super::state::State;
use crate::clock::Timestamp;
use crate::error::SessionError;
use crate::schema::SessionSchema;

/// The visitor's session, seen through the schema `S`.
///
/// An extractor in axum, actix-web and poem. It dereferences to the handle that
/// `#[derive(SessionSchema)]` generated, which has the accessors of every field. Clones share the
/// session, and so do all handlers, middlewares and extractors of one request.
///
/// Changes are saved when the response is made; [`commit`](Self::commit) saves earlier.
///
/// ```
/// use session_runtime::{Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     #[session(counter)]
///     counter: u64,
///     theme: Option<String>,
/// }
///
/// async fn index(session: Session<Visit>) -> String {
///     if !session.has_theme() {
///         session.set_theme(Some("dark".to_owned()));
///     }
///     format!("You have visited this page {} times", session.add_counter(1))
/// }
/// ```
pub struct Session<S: SessionSchema> {
    handle: SessionHandle,
    // Not the last field: whether that is sized is asked of the struct, and where `S` is no schema the
    // question would be a second error.
    accessors: S::Accessors,
    /// The place of the accessors' view.
    index: usize,
}

impl SessionHandle {
    /// The session seen through the schema `S`. The first call of a request loads the record.
    ///
    /// # Errors
    ///
    /// If the store fails, a stored value does not decode, or `S` claims a key of another schema.
    pub async fn session<S: SessionSchema>(&self) -> Result<Session<S>, SessionError> {
        self.clone().into_session().await
    }

    /// [`session`](Self::session), without another handle.
    pub(crate) async fn into_session<S: SessionSchema>(self) -> Result<Session<S>, SessionError> {
        let index = self.load_view::<S>().await?;
        Ok(Session::new(self, index))
    }
}

impl<S: SessionSchema> Session<S> {
    /// The session seen through the view at `index`.
    fn new(handle: SessionHandle, index: usize) -> Self {
        Self { accessors: S::accessors(handle.view(index)), handle, index }
    }

    /// The id of the stored session as text; `None` before the first save. It is the key the record
    /// is stored under, not the secret in the cookie, so it may be logged.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.state(|state| state.live().map(|live| live.id.key.to_string()))
    }

    /// Whether nothing is stored for this visitor yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.state(|state| state.live().is_none())
    }

    /// When the session was first stored.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.state(|state| state.record().map(|record| record.created_at))
    }

    /// When the session expires if it is not used again.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.state(|state| state.record().map(|record| record.expires_at))
    }

    /// Gives the session a new id when it is saved; the old one is dead then. Call it whenever the
    /// visitor gains rights; a change of the principal does it by itself (session fixation, OWASP
    /// Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change").
    /// Without a stored session nothing happens.
    ///
    /// ```
    /// # use session_runtime::{Session, SessionSchema};
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    ///     two_factors: bool,
    /// }
    ///
    /// async fn second_factor(session: Session<Visit>) {
    ///     session.set_two_factors(true);
    ///     session.renew(); // more rights, same user
    /// }
    /// ```
    pub fn renew(&self) {
        self.state(|state| state.intent.renew = true);
    }

    /// Ends the session: drops this request's changes, puts all fields back to their defaults,
    /// deletes the record and removes the cookie. What is set afterwards starts a new session.
    ///
    /// ```
    /// # use session_runtime::{Session, SessionSchema};
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     language: Option<String>,
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    /// }
    ///
    /// async fn sign_out(session: Session<Visit>) {
    ///     let language = session.language();
    ///     session.destroy();
    ///     session.set_language(language); // all that the new session has
    /// }
    /// ```
    pub fn destroy(&self) {
        let _discarded = self.state(State::destroy);
    }

    /// Switches between the lifetime of ordinary sessions and that of remembered ones ("keep me
    /// signed in"): longer timeouts and a cookie that outlives the browser. The absolute timeout counts
    /// from when the session began or somebody last signed in, whenever this is called. Where nobody signs in
    /// in the same request, it ends no later than if it counted from when the session was created.
    ///
    /// ```
    /// # use session_runtime::{Session, SessionSchema};
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    /// }
    ///
    /// async fn sign_in(session: Session<Visit>, user: u64, keep_me_signed_in: bool) {
    ///     session.set_user_id(Some(user));
    ///     session.remember(keep_me_signed_in);
    /// }
    /// ```
    pub fn remember(&self, remember: bool) {
        self.state(|state| state.intent.remember = Some(remember));
    }

    /// Counts as use of the session, whatever [`touch_after`](crate::SessionsBuilder::touch_after) says: its
    /// idle timeout begins anew when it is saved.
    ///
    /// ```
    /// use session_runtime::{Keyring, Session, SessionSchema, Sessions, store::MemoryStore};
    /// use std::time::Duration;
    ///
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     draft: String,
    /// }
    ///
    /// let sessions = Sessions::builder(MemoryStore::new())
    ///     .keys(Keyring::new([[7; 32]])?)
    ///     .touch_after(Duration::MAX) // neither reading nor writing counts as use
    ///     .build()?;
    ///
    /// async fn still_there(session: Session<Visit>) {
    ///     session.touch(); // this does
    /// }
    /// # let _ = (sessions, still_there);
    /// # Ok::<(), session_runtime::ConfigError>(())
    /// ```
    pub fn touch(&self) {
        self.state(|state| state.intent.touch = true);
    }

    /// Saves what has changed so far: before slow work, in a stream or websocket, or to handle
    /// errors. Changes made meanwhile stay pending.
    ///
    /// ```
    /// # use session_runtime::{Session, SessionError, SessionSchema};
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     orders: Vec<u64>,
    /// }
    ///
    /// async fn order(session: Session<Visit>, number: u64) -> Result<String, SessionError> {
    ///     session.update_orders(move |orders| orders.push(number));
    ///     session.commit().await?; // it is stored before the answer says so
    ///     Ok(format!("Your order {number} is in session {:?}.", session.id()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// - The store failed ([`is_store`](SessionError::is_store)): whether the changes were saved is
    ///   unknown; they are not sent again, and the session reports the error.
    /// - The session was ended or renewed elsewhere ([`is_gone`](SessionError::is_gone)) or other
    ///   requests kept changing the same fields ([`is_contended`](SessionError::is_contended)): the
    ///   changes are dropped.
    /// - The session does not fit into its cookie ([`is_too_large`](SessionError::is_too_large)).
    /// - The response has gone and a new cookie would be needed
    ///   ([`is_response_sent`](SessionError::is_response_sent)).
    /// - A counter holds no integer, a value cannot be written as JSON, or an earlier commit was
    ///   cancelled.
    pub async fn commit(&self) -> Result<(), SessionError> {
        self.handle.commit().await
    }

    fn state<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.handle.state())
    }
}

impl<S: SessionSchema> Clone for Session<S> {
    fn clone(&self) -> Self {
        Self::new(self.handle.clone(), self.index)
    }
}

impl<S: SessionSchema> Deref for Session<S> {
    type Target = S::Accessors;

    fn deref(&self) -> &S::Accessors {
        &self.accessors
    }
}

impl<S: SessionSchema> fmt::Debug for Session<S> {
    /// Shows the schema, never an id or a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("schema", &S::NAME).finish_non_exhaustive()
    }
}
