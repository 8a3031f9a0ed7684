use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key("count"))]
    counter: u64,
}

fn main() {}
