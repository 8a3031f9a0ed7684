use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    code: Option<String>,
}

fn handler(session: session_runtime::Session<Visit>) {
    session.code_expires_at();
}

fn main() {}
