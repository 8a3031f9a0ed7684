use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(crate = "crate::nowhere")]
struct Visit {
    counter: u64,
    theme: String,
}

fn main() {}
