use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(upgrade(from = u64, with = text))]
    code: String,
}

fn text(code: u32) -> String {
    code.to_string()
}

fn main() {}
