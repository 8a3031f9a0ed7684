use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    größe: u64,
}

fn main() {}
