use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(upgrade(from = u64))]
    code: Option<String>,
}

fn main() {}
