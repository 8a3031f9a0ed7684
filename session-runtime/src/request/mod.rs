//! One request's session: found, loaded, changed, and saved with the response.

mod commit;
pub(crate) mod config;
pub(crate) mod expiry;
pub(crate) mod finish;
pub(crate) mod finished;
pub(crate) mod handle;
mod load;
pub(crate) mod session;
mod state;
mod views;

pub(crate) use self::commit::queue::Queues;
