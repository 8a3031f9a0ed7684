//! The adapters to the frameworks: they move headers in and out, and decide nothing.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
mod extract;
#[cfg(feature = "poem")]
pub mod poem;
