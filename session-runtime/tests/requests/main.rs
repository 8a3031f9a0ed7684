//! What requests do to sessions, without a framework: through `Sessions::begin` and `finish`, with a
//! clock that is moved by hand and a store that is watched.

mod commits;
mod expiry;
mod schemas;
mod site;
mod store_calls;
mod values;
