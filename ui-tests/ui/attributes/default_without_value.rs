use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(default)]
    counter: u64,
}

fn main() {}
