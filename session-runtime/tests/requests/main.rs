//! What requests do to sessions, without a framework: through `Sessions::begin` and `finish`, with
//! a clock that is moved by hand and a store that is watched.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod commits;
mod cookie_store;
mod drops;
mod events;
mod expiry;
mod explain;
mod interleavings;
mod issue;
mod late;
mod principals;
mod revocation;
mod revocation_races;
mod rotation;
mod schemas;
mod secrets;
mod server_errors;
mod shared_fields;
mod site;
mod store_calls;
mod tampering;
mod ttl;
mod values;
mod versions;
