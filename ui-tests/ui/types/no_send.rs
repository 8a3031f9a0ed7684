use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

#[derive(Clone, Serialize, Deserialize)]
struct Theme {
    #[serde(skip, default = "std::ptr::null")]
    pointer: *const u8,
}

#[derive(SessionSchema)]
struct Visit {
    #[session(default = Theme { pointer: std::ptr::null() })]
    theme: Theme,
}

fn main() {}
