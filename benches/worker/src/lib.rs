//! What every application under test has in common.
//!
//! A worker is a process with one application, a peer or this library, on one framework and one
//! store. It reads [orders](order::Order) from standard input, one in a line, and answers each with
//! a line. So one runner can measure applications whose dependencies conflict, and the same program
//! runs under valgrind.

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

/// An error message for a person.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
