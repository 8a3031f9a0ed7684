use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(accessors = "Visit Session")]
struct Visit {
    counter: u64,
}

fn main() {}
