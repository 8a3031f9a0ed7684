use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
enum Visit {
    New,
}

fn handler(session: Session<Visit>) {}

fn main() {}
