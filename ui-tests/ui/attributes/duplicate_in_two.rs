use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    #[session(counter)]
    counter: u64,
}

fn main() {}
