use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit<const N: usize> {
    counter: u64,
}

fn main() {}
