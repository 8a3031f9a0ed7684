use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    at: Result<u64, String>,
}

fn main() {}
