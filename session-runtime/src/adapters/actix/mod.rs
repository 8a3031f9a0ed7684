//! Sessions in actix-web.
//!
//! Wrap the application in [`SessionMiddleware`]. Handlers then extract
//! [`Session<S>`](crate::Session):
//!
//! ```
//! use actix_web::{App, web};
//! use session_runtime::{Session, SessionSchema, Sessions};
//! use session_runtime::{actix::SessionMiddleware, store::MemoryStore};
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
//! // Build the sessions once. This part is for the closure that `HttpServer::new` takes:
//! let app = App::new()
//!     .wrap(SessionMiddleware::new(sessions.clone()))
//!     .route("/", web::get().to(index));
//! # let _ = app;
//! # Ok::<(), session_runtime::ConfigError>(())
//! ```
//!
//! If a session cannot be loaded or saved, the response has the status of
//! [`SessionError::status`](crate::SessionError::status) and an empty body. The cause goes to
//! `tracing`.
//!
//! [`CsrfMiddleware`] refuses requests that pages of other sites send; see [`csrf`](crate::csrf).

mod answer;
mod convert;
mod csrf;
mod extract;
mod middleware;

use std::pin::Pin;

pub use self::csrf::{CsrfMiddleware, CsrfService};
pub use self::middleware::{SessionMiddleware, SessionService};
pub use super::extract::SessionRejection;

type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;
