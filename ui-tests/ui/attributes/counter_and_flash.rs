use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter, flash)]
    notice: Option<String>,
}

fn main() {}
