use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
struct Visit {
    #[session(cuonter)]
    counter: u64,
    #[session(flash)]
    notice: Option<String>,
    id: u64,
}

fn handler(session: Session<Visit>) {
    session.add_counter(1);
    session.flash_notice("saved".to_owned());
    let _ = session.take_notice();
    session.set_id(5);
}

fn main() {}
