//! Sessions in axum and in every other tower service.
//!
//! Add [`SessionLayer`]. Handlers then extract [`Session<S>`](crate::Session):
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_runtime::{Session, SessionSchema, Sessions};
//! use session_runtime::{axum::SessionLayer, store::MemoryStore};
//!
//! #[derive(SessionSchema)]
//! struct Visit {
//!     #[session(counter)]
//!     counter: u64,
//! }
//!
//! async fn index(session: Session<Visit>) -> String {
//!     format!("You have visited this page {} times", session.add_counter(1))
//! }
//!
//! # let keys = session_runtime::Keyring::new([[7; 32]])?;
//! let sessions = Sessions::builder(MemoryStore::new()).keys(keys).build()?;
//! let app: Router = Router::new().route("/", get(index)).layer(SessionLayer::new(sessions));
//! # let _ = app;
//! # Ok::<(), session_runtime::ConfigError>(())
//! ```
//!
//! If a session cannot be loaded or saved, the response has the status of
//! [`SessionError::status`](crate::SessionError::status) and an empty body. The cause goes to
//! `tracing`.
//!
//! A tower service that is not axum takes the [`SessionHandle`](crate::SessionHandle) from the
//! request's extensions.
//!
//! [`CsrfLayer`] refuses requests that pages of other sites send; see [`csrf`](crate::csrf).

mod csrf;
mod extract;
mod layer;

pub use self::csrf::{CsrfLayer, CsrfService};
pub use self::layer::{ResponseFuture, SessionLayer, SessionService};
pub use super::extract::SessionRejection;
