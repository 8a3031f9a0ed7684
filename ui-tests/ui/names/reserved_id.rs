use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    id: u64,
}

fn main() {}
