//! The store over Webdis, with real servers.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failure;
mod options;
mod proxy;
mod sharing;
#[path = "../redis/site.rs"]
#[allow(dead_code, reason = "it is the Redis store's, too")]
mod site;
mod suite;
mod values;
