use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit
where
    String: Clone,
{
    theme: String,
}

fn main() {}
