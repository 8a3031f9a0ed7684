use session_runtime::{SessionSchema, schemas};

#[derive(SessionSchema)]
struct Visit {
    uid: u64,
}

#[derive(SessionSchema)]
struct Csrf {
    #[session(key = "uid")]
    token: String,
}

fn main() {
    let _ = schemas![Visit, Csrf];
}
