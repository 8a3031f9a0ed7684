use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

#[derive(Serialize, Deserialize)]
struct Notice;

#[derive(SessionSchema)]
struct Visit {
    #[session(flash)]
    notices: Vec<Notice>,
}

fn main() {}
