//! What every application under test has in common.
//!
//! A worker is a process with one application, a peer or this library, on one framework and one
//! store. It reads [orders](order::Order) from standard input, a line each, and answers each with a
//! line. So applications whose dependencies collide are measured in turn by one runner, and the
//! same program runs under valgrind.

#[cfg(feature = "actix")]
pub mod actix;
pub mod app;
#[cfg(feature = "axum")]
pub mod axum;
pub mod case;
pub mod order;
pub mod place;
mod serve;
mod trials;

pub use self::serve::serve;

/// What goes wrong, for a person to read.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
