use serde::Serialize;
use session_runtime::SessionSchema;

#[derive(Clone, Default, Serialize)]
struct Theme;

#[derive(SessionSchema)]
struct Visit {
    theme: Vec<Theme>,
}

fn main() {}
