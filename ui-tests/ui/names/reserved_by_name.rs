use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(name = "renew")]
    again: bool,
}

fn main() {}
