use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(key = "a-key-longer-than-any-store-should-have-to-keep-in-every-record-of-it")]
    counter: u64,
}

fn main() {}
