use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    has_theme: bool,
    theme: String,
}

fn main() {}
