//! Typed web sessions: your struct is the session.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod change;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod field;
mod id;
pub mod patch;
pub mod record;
mod schema;
mod session;
mod state;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod view;

pub use self::clock::{Clock, SystemClock, Timestamp};
pub use self::error::{ConfigError, SessionError};
pub use self::id::StoreKey;
pub use self::schema::{PrincipalSchema, SessionSchema};
pub use self::session::Session;
#[cfg(feature = "derive")]
pub use session_derive::SessionSchema;
