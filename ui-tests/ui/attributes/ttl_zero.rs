use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(ttl = "0s")]
    code: Option<String>,
}

fn main() {}
