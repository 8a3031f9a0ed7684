use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    spent: u128,
}

fn main() {}
