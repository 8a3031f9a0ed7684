use serde::Deserialize;
use session_runtime::SessionSchema;

#[derive(Clone, Deserialize)]
struct UserId(u64);

#[derive(SessionSchema)]
struct Visit {
    #[session(principal)]
    user_id: Option<UserId>,
}

fn main() {}
