use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(on_mismatch = "ignore")]
struct Visit {
    counter: u64,
}

fn main() {}
