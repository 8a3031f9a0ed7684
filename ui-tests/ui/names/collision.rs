use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    theme: String,
    set_theme: bool,
}

fn main() {}
