use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(flahs)]
    notice: Option<String>,
}

fn main() {}
