use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    clone: String,
}

fn main() {}
