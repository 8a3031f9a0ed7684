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
        let index = self.load_values::<S>().await?;
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

    pub(super) fn state<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
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
