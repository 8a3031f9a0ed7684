use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key = 5)]
    counter: u64,
}

fn main() {}
