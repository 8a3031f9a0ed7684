use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(principal, default = Some(1))]
    user_id: Option<u64>,
}

fn main() {}
