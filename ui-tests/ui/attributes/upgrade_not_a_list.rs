use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(upgrade = "parse")]
    code: Option<String>,
}

fn main() {}
