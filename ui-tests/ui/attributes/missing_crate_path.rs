use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(crate)]
struct Visit {
    counter: u64,
}

fn main() {}
