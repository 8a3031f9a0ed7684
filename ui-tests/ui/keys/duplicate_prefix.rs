use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(prefix = "csrf.")]
struct Visit {
    token: String,
    #[session(alias = "token")]
    secret: String,
}

fn main() {}
