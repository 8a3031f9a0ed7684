use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session("count")]
    counter: u64,
}

fn main() {}
