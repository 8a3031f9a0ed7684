use session_runtime::SessionSchema;

#[derive(SessionSchema)]
enum Visit {
    New,
    Returning,
}

fn main() {}
