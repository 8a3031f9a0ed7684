use session_runtime::Session;

struct Prefs {
    theme: String,
}

fn handler(session: Session<Prefs>) {
    session.theme();
}

fn main() {}
