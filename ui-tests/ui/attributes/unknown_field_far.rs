use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(skip)]
    notice: Option<String>,
}

fn main() {}
