use serde::Deserialize;
use session_runtime::SessionSchema;

#[derive(Clone, Default, Deserialize)]
struct Theme;

#[derive(SessionSchema)]
struct Visit {
    counter: u64,
    theme: Option<Theme>,
}

fn main() {}
