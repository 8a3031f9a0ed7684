use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(prefixx = "app.")]
struct Visit {
    counter: u64,
}

fn main() {}
