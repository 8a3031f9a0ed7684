use session_runtime::SessionSchema;

struct VisitSession;

#[derive(SessionSchema)]
struct Visit {
    counter: u64,
}

fn main() {}
