use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(ttl = 15)]
    code: Option<String>,
}

fn main() {}
