use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(ttl = "5 monkeys")]
    code: Option<String>,
}

fn main() {}
