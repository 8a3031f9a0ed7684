use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key = "")]
    counter: u64,
}

fn main() {}
