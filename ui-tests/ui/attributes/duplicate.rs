use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key = "a", key = "b")]
    counter: u64,
}

fn main() {}
