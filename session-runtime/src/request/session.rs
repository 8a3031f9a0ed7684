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
/// It is an extractor in axum, actix-web and poem. It dereferences to the handle that
/// [`#[derive(SessionSchema)]`](derive@crate::SessionSchema) generates, which has the accessors of
/// every field. All handlers, middlewares and extractors of one request share the session, and so
/// do clones.
///
/// A request sees its own changes at once. They are saved when the handler has answered, before the
/// response is sent. [`commit`](Self::commit) saves earlier.
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
///
/// `add_counter` answers the number as this request sees it, and the store adds it exactly.
/// Requests that run at the same time may all see the same number. So count in your database what
/// must be limited, such as tries of a password.
pub struct Session<S: SessionSchema> {
    handle: SessionHandle,
    // Not the last field: the compiler asks of that one whether it is sized. If `S` is no schema,
    // the question would be a second error.
    accessors: S::Accessors,
    /// The index of the accessors' view.
    index: usize,
}

impl SessionHandle {
    /// The session seen through the schema `S`.
    ///
    /// The first call of a request loads the record, from the store or from the cookie. An example
    /// is at [`SessionHandle`].
    ///
    /// # Errors
    ///
    /// If the store fails, a stored value does not decode, or `S` claims a key of another schema.
    pub async fn session<S: SessionSchema>(&self) -> Result<Session<S>, SessionError> {
        self.clone().into_session().await
    }

    /// [`session`](Self::session) that consumes the handle, so that none is cloned.
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

    /// The id of the stored session, as text.
    ///
    /// `None` while nothing is stored. It is the text of the [`StoreKey`](crate::StoreKey) under
    /// which the record is stored, and not the secret in the cookie. So it may be logged.
    ///
    /// ```
    /// # use session_runtime::{Session, SessionSchema};
    /// # #[derive(SessionSchema)]
    /// # struct Visit {
    /// #     theme: Option<String>,
    /// # }
    /// async fn page(session: Session<Visit>) {
    ///     println!("a request of session {:?}", session.id());
    /// }
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.state(|state| state.live().map(|live| live.id.key.to_string()))
    }

    /// Whether nothing is stored for this visitor.
    ///
    /// That is so before the first save, after [`destroy`](Self::destroy), and if the session has
    /// expired or was deleted.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.state(|state| state.live().is_none())
    }

    /// When the session was first stored.
    ///
    /// `None` while nothing is stored. A [renewal](Self::renew) does not change it.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.state(|state| state.record().map(|record| record.created_at))
    }

    /// When the session expires if it is not used again.
    ///
    /// `None` while nothing is stored. The save of this request may still move it.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.state(|state| state.record().map(|record| record.expires_at))
    }

    /// Gives the session a new id when it is saved.
    ///
    /// The old id is no longer valid then, so a cookie that somebody has planted or copied is
    /// worthless (session fixation). Call it whenever a visitor gains rights. A change of the
    /// principal does it by itself. A session that is not stored yet gets a new id anyway.
    ///
    /// ```
    /// use http::StatusCode;
    /// use session_runtime::{Session, SessionSchema};
    ///
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    ///     /// The user who has given the second factor. Clear it at each sign-in.
    ///     second_factor_of: Option<u64>,
    /// }
    ///
    /// /// `POST /second-factor`
    /// async fn second_factor(session: Session<Visit>, code: String) -> StatusCode {
    ///     let Some(user) = session.user_id() else { return StatusCode::UNAUTHORIZED };
    ///     // Yours: counts wrong codes for each user, and accepts a right one only once.
    ///     if !accept_code(user, &code).await {
    ///         return StatusCode::FORBIDDEN;
    ///     }
    ///     session.set_second_factor_of(Some(user)); // so that it proves nothing of another user
    ///     session.renew(); // more rights, same user
    ///     StatusCode::NO_CONTENT
    /// }
    ///
    /// fn has_second_factor(session: &Session<Visit>) -> bool {
    ///     session.user_id().is_some() && session.second_factor_of() == session.user_id()
    /// }
    /// # async fn accept_code(_: u64, _: &str) -> bool { false }
    /// ```
    ///
    /// The OWASP Session Management Cheat Sheet asks for it: "Renew the Session ID After Any
    /// Privilege Level Change".
    pub fn renew(&self) {
        self.state(|state| state.intent.renew = true);
    }

    /// Deletes the session: its record and the browser's cookie.
    ///
    /// At once, this request's changes are dropped and all fields read as their defaults. The
    /// record is deleted when the request is saved. What is set after this call starts a new
    /// session.
    ///
    /// If another request deleted or renewed the session in the minute before this one loaded it,
    /// no new session starts, unless somebody signs in. The cookie stays, because it may be a newer
    /// one. [`on_gone`](crate::SessionsBuilder::on_gone) says how such a request is answered.
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
    /// /// `POST /sign-out`
    /// async fn sign_out(session: Session<Visit>) {
    ///     let language = session.language();
    ///     session.destroy();
    ///     session.set_language(language); // the new session has only this
    /// }
    /// ```
    ///
    /// A handler that only signs out takes a [`SessionHandle`]. Its
    /// [`destroy`](SessionHandle::destroy) works even if a stored value does not decode.
    pub fn destroy(&self) {
        let _discarded = self.state(State::destroy);
    }

    /// Switches the session to the timeouts of "keep me signed in", or back.
    ///
    /// `true` gives the session the
    /// [`remember_timeouts`](crate::SessionsBuilder::remember_timeouts) and a cookie that stays
    /// when the browser is closed. `false` gives it the ordinary timeouts and cookie again. Both
    /// take effect when the session is saved.
    ///
    /// Call it in the request that signs in: the absolute timeout then counts from there. In a
    /// later request, a longer timeout counts only from when the session was created. A shorter one
    /// counts from then or from the last sign-in, but a session in use does not expire at once.
    ///
    /// ```
    /// # use session_runtime::{Session, SessionSchema};
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    /// }
    ///
    /// /// `POST /sign-in`
    /// async fn sign_in(session: Session<Visit>, name: &str, password: &str, keep: bool) {
    ///     let Some(user) = check_password(name, password).await else { return };
    ///     if session.user_id().is_some_and(|other| other != user) {
    ///         session.destroy(); // keeps nothing of another user
    ///     }
    ///     session.set_user_id(Some(user));
    ///     session.remember(keep);
    /// }
    /// # async fn check_password(_: &str, _: &str) -> Option<u64> { None }
    /// ```
    pub fn remember(&self, remember: bool) {
        self.state(|state| state.intent.remember = Some(remember));
    }

    /// Restarts the idle timeout when the session is saved.
    ///
    /// Every use of the session does so, but no more often than
    /// [`touch_after`](crate::SessionsBuilder::touch_after) says. This call always does.
    ///
    /// ```
    /// use session_runtime::{Session, SessionSchema, Sessions, store::MemoryStore};
    /// use std::time::Duration;
    ///
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     draft: String,
    /// }
    ///
    /// # let keys = session_runtime::Keyring::new([[7; 32]])?;
    /// let sessions = Sessions::builder(MemoryStore::new())
    ///     .keys(keys)
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

    /// Saves what has changed so far, without waiting for the response.
    ///
    /// Use it before slow work, in a stream or a websocket, or to handle errors. Changes made while
    /// it runs stay pending.
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
    ///     Ok(format!("Your order {number} is stored."))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// After these errors, nobody knows what is stored:
    ///
    /// - The store failed ([`is_store`](SessionError::is_store)). The changes are not sent again,
    ///   but the next commit tries a failed deletion again.
    /// - An earlier commit failed in the store or was cancelled, or the request ended without a
    ///   response ([`is_interrupted`](SessionError::is_interrupted)).
    ///
    /// After these errors, the changes are dropped and the session shows what is stored:
    ///
    /// - Another request deleted or renewed the session ([`is_gone`](SessionError::is_gone)).
    /// - Other requests kept changing the same fields
    ///   ([`is_contended`](SessionError::is_contended)).
    /// - The session does not fit into its cookie ([`is_too_large`](SessionError::is_too_large)).
    /// - The response has been sent, and a new cookie would be needed
    ///   ([`is_response_sent`](SessionError::is_response_sent)).
    /// - A counter holds no integer ([`is_mismatch`](SessionError::is_mismatch)), or a value cannot
    ///   be written as JSON.
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
    /// Shows the name of the schema, and no id or value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("schema", &S::NAME).finish_non_exhaustive()
    }
}
