use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

#[derive(Clone, Serialize, Deserialize)]
struct UserId(u64);

#[derive(SessionSchema)]
pub struct Visit {
    #[session(principal)]
    user_id: Option<UserId>,
}

fn main() {}
