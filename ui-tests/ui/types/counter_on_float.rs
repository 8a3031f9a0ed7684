use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    spent: f64,
}

fn main() {}
