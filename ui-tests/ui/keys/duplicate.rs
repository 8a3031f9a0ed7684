use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key = "uid")]
    user_id: Option<u64>,
    uid: Option<u64>,
}

fn main() {}
