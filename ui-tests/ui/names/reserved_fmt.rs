use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    fmt: String,
}

fn main() {}
