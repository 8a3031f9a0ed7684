use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter key = "count")]
    counter: u64,
}

fn main() {}
