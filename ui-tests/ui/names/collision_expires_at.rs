use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(ttl = "15m")]
    code: Option<String>,
    code_expires_at: Option<u64>,
}

fn main() {}
