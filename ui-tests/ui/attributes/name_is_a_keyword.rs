use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(name = "type")]
    kind: String,
}

fn main() {}
