use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key = "the counter")]
    counter: u64,
}

fn main() {}
