use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(counter)]
struct Visit {
    counter: u64,
}

fn main() {}
