use session_runtime::SessionSchema;

#[derive(Clone, Default)]
struct Theme;

#[derive(SessionSchema)]
struct Visit {
    theme: Theme,
}

fn main() {}
