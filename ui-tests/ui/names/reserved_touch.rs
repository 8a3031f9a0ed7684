use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    touch: String,
}

fn main() {}
