use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
    theme: Option<String>,
    #[session(principal)]
    user_id: Option<u64>,
    #[session(flash)]
    notice: Option<String>,
}

fn handler(session: Session<Visit>) {
    session.set_them(None);
}

fn main() {}
