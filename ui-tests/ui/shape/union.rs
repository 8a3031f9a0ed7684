use session_runtime::SessionSchema;

#[derive(SessionSchema)]
union Visit {
    counter: u64,
}

fn main() {}
