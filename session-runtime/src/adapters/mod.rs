//! The frameworks: headers in, a cookie out. Adapters decide nothing.

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
mod extract;
#[cfg(feature = "poem")]
pub mod poem;
