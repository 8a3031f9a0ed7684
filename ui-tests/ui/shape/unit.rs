use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit;

fn main() {}
