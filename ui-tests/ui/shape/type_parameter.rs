use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit<T> {
    theme: T,
}

fn main() {}
