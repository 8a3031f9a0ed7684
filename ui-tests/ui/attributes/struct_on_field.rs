use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(on_mismatch = "reset")]
    counter: u64,
}

fn main() {}
