use session_runtime::Session;

mod visit {
    use session_runtime::SessionSchema;

    #[derive(SessionSchema)]
    pub struct Visit {
        counter: u64,
    }
}

fn handler(session: Session<visit::Visit>) {
    session.counter();
}

fn main() {}
