use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit<'a> {
    theme: &'a str,
}

fn main() {}
