use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(principal, upgrade(from = u32, with = Some))]
    user_id: Option<u64>,
}

fn main() {}
