//! The tests that the documentation of `testing` shows, one file a framework, and more of its kit.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
mod cookie_jar;
mod faulty_store;
#[cfg(feature = "poem")]
mod poem;
