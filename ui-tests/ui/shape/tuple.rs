use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit(u64, String);

fn main() {}
