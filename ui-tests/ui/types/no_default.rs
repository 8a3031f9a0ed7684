use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

#[derive(Clone, Serialize, Deserialize)]
enum Theme {
    Light,
    Dark,
}

#[derive(SessionSchema)]
struct Visit {
    theme: Theme,
}

fn main() {}
