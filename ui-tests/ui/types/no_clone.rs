use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

#[derive(Default, Serialize, Deserialize)]
struct Theme;

#[derive(SessionSchema)]
struct Visit {
    theme: Theme,
}

fn main() {}
