use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    theme: Theme,
}

fn main() {}
