use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
struct Visit {
    #[session(cuonter)]
    counter: u64,
    #[session(flash)]
    notice: Option<String>,
    #[session(flash, into)]
    hints: Vec<String>,
    id: u64,
}

impl VisitSession {
    fn has_notice(&self) -> bool {
        self.peek_notice().is_some()
    }
}

fn handler(session: Session<Visit>) {
    session.add_counter(1);
    session.flash_notice("saved".into());
    session.flash_hints("saved");
    let _ = session.has_notice();
    let _ = session.take_notice();
    session.set_id(5);
}

fn main() {}
