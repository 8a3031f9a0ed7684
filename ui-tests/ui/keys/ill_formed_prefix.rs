use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(prefix = "csrf/")]
struct Visit {
    token: String,
    age: u64,
}

fn main() {}
