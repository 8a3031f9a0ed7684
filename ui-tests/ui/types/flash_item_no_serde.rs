use session_runtime::SessionSchema;

#[derive(Clone)]
struct Notice;

#[derive(SessionSchema)]
struct Visit {
    #[session(flash)]
    notices: Vec<Notice>,
}

fn main() {}
