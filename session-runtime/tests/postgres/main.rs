//! The PostgreSQL store against a real server.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod site;

mod failover;
mod options;
mod pooler;
mod races;
mod suite;
mod table;
mod tls;
