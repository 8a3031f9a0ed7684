//! Typed web sessions: your struct is the session.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
mod change;
mod clock;
mod commit;
mod cookie;
mod core;
mod error;
mod expiry;
mod field;
mod handle;
mod id;
mod keyring;
pub mod patch;
mod queue;
pub mod record;
mod registry;
mod schema;
mod session;
mod sessions;
mod state;
pub mod store;
mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod view;
mod views;

pub use self::clock::{Clock, SystemClock, Timestamp};
pub use self::cookie::options::{CookieOptions, CookiePrefix, SameSite};
pub use self::core::OnGone;
pub use self::error::{ConfigError, SessionError};
pub use self::handle::{CookieCommand, FinishGuard, Finished, SessionHandle};
pub use self::id::StoreKey;
pub use self::keyring::Keyring;
pub use self::registry::Schemas;
pub use self::schema::{PrincipalSchema, SessionSchema};
pub use self::session::Session;
pub use self::sessions::{Sessions, SessionsBuilder};
pub use self::sweep::Sweeper;
#[cfg(feature = "derive")]
pub use session_derive::SessionSchema;
