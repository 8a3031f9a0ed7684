//! One request's session: found, loaded, changed, and saved with the response.

mod commit;
pub(crate) mod config;
pub(crate) mod expiry;
mod finish;
mod finished;
mod handle;
mod load;
mod session;
mod session_intent;
mod state;
mod values_index;

pub(crate) use self::commit::queue::Queues;
pub use self::config::OnGone;
pub use self::expiry::AssuranceLevel;
#[cfg(feature = "axum")]
pub(crate) use self::finish::End;
pub use self::finish::FinishGuard;
pub use self::finished::{CookieCommand, Finished};
pub use self::handle::SessionHandle;
pub use self::session::Session;
