use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(into)]
    theme: Option<String>,
}

fn handler(session: session_runtime::Session<Visit>) {
    session.set_theme(5);
}

fn main() {}
