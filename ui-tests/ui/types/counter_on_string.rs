use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: String,
}

fn main() {}
