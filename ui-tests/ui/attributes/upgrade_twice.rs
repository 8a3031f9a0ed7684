use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(upgrade(from = u64, from = u32, with = text))]
    code: String,
}

fn main() {}
