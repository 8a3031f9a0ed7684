//! What a real browser does with the session cookies: headless Chromium and the scenario server.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod attributes;
mod defaults;
#[path = "../http/server.rs"]
#[allow(dead_code, reason = "the HTTP scenarios use more of it")]
mod server;
mod site;
