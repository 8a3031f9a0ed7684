use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session]
    counter: u64,
}

fn main() {}
