use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(principal)]
    user_id: u64,
}

fn main() {}
