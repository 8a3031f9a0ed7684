use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter = true)]
    counter: u64,
}

fn main() {}
