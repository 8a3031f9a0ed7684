use session_runtime::{SessionSchema, schemas};

#[derive(SessionSchema)]
struct Visit {
    #[session(principal)]
    user_id: Option<u64>,
}

#[derive(SessionSchema)]
struct Admin {
    #[session(principal)]
    admin_id: Option<u64>,
}

fn main() {
    let _ = schemas![Visit, Admin];
}
