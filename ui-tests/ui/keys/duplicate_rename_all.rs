use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(rename_all = "camelCase")]
struct Visit {
    user_id: u64,
    #[session(key = "userId")]
    uid: u64,
}

fn main() {}
