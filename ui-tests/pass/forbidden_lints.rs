//! A crate may forbid the lints that the generated code allows only where it needs them.

#![forbid(deprecated, non_snake_case)]
#![deny(warnings)]

use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter, ttl = "10m")]
    counter: u64,
    page_size: u32,
    #[session(flash)]
    notice: Option<String>,
}

fn handler(session: &Session<Visit>) -> u32 {
    session.page_size()
}

fn main() {
    let _ = handler;
}
