use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(crate = "session_runtime")]
struct Visit {
    counter: u64,
}

fn main() {}
