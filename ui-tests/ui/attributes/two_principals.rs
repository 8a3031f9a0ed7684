use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(principal)]
    user_id: Option<u64>,
    #[session(principal)]
    admin_id: Option<u64>,
}

fn main() {}
