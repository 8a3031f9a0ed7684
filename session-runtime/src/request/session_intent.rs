//! What a handler asks for the session itself, next to its fields.

use super::session::Session;
use super::state::State;
use crate::schema::SessionSchema;

impl<S: SessionSchema> Session<S> {
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
    /// A handler that only signs out takes a [`SessionHandle`](crate::SessionHandle). Its
    /// [`destroy`](crate::SessionHandle::destroy) works even if a stored value does not decode.
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
}
