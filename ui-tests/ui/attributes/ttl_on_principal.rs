use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(principal, ttl = "15m")]
    user_id: Option<u64>,
}

fn main() {}
