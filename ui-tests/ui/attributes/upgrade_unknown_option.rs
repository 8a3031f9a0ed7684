use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(upgrade(form = u64, with = text))]
    code: String,
}

fn main() {}
