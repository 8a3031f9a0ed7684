use session_runtime::{SessionSchema, schemas};

#[derive(SessionSchema)]
struct Visit {
    #[session(alias = "csrf.token")]
    token: u64,
}

#[derive(SessionSchema)]
#[session(prefix = "csrf.")]
struct Csrf {
    token: String,
}

fn main() {
    let _ = schemas![Csrf, Visit];
}
