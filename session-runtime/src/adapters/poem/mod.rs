//! Sessions in poem.
//!
//! Put [`SessionMiddleware`] around the routes. Handlers then extract
//! [`Session<S>`](crate::Session):
//!
//! ```
//! use poem::{EndpointExt, Route, get, handler};
//! use session_runtime::{Session, SessionSchema, Sessions};
//! use session_runtime::{poem::SessionMiddleware, store::MemoryStore};
//!
//! #[derive(SessionSchema)]
//! struct Visit {
//!     #[session(counter)]
//!     counter: u64,
//! }
//!
//! #[handler]
//! async fn index(session: Session<Visit>) -> String {
//!     format!("You have visited this page {} times", session.add_counter(1))
//! }
//!
//! # let keys = session_runtime::Keyring::new([[7; 32]])?;
//! let sessions = Sessions::builder(MemoryStore::new()).keys(keys).build()?;
//! let app = Route::new().at("/", get(index)).with(SessionMiddleware::new(sessions));
//! # let _ = app;
//! # Ok::<(), session_runtime::ConfigError>(())
//! ```
//!
//! If a session cannot be loaded or saved, the response has the status of
//! [`SessionError::status`](crate::SessionError::status) and an empty body. The cause goes to
//! `tracing`.
//!
//! If a handler used its session and answers an error, the middleware turns it into a response,
//! because poem lets no header be added to an error. So put `catch_error` inside of this
//! middleware. All other errors pass as they are.
//!
//! [`CsrfMiddleware`] refuses requests that pages of other sites send; see [`csrf`](crate::csrf).

mod csrf;
mod extract;
mod middleware;

pub use self::csrf::{CsrfEndpoint, CsrfMiddleware};
pub use self::middleware::{SessionEndpoint, SessionMiddleware};
pub use super::extract::SessionRejection;
