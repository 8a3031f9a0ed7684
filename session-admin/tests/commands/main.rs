//! The built command on real stores.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod copy;
mod explain;
mod moving;
mod site;
mod store;
