use session_runtime::{PrincipalSchema, Session, SessionSchema, Timestamp};

type Hints = Vec<String>;

#[derive(SessionSchema)]
struct Visit {
    #[session(cuonter)]
    misspelt: u64,
    id: u64,
    #[session(counter, ttl = "10m")]
    counter: u64,
    #[session(into)]
    theme: Option<String>,
    #[session(default = "en".to_owned(), into)]
    language: String,
    #[session(principal)]
    user_id: Option<u64>,
    #[session(flash)]
    notice: Option<String>,
    #[session(flash, into)]
    hints: Hints,
}

impl VisitSession {
    fn has_notice(&self) -> bool {
        self.peek_notice().is_some()
    }
}

fn wrong_fields(session: &Session<Visit>) {
    let _: u64 = session.misspelt();
    session.set_misspelt(1);
    let _: u64 = session.update_misspelt(|value| *value += 1);
    session.clear_misspelt();
    let _: bool = session.has_misspelt();
    let _: u64 = session.add_misspelt(1);
    let _: u64 = session.sub_misspelt(1);
    session.flash_misspelt(1);
    let _: u64 = session.take_misspelt();
    let _: u64 = session.peek_misspelt();
    let _: Option<Timestamp> = session.misspelt_expires_at();
    session.set_id(5);
}

fn other_fields(session: &Session<Visit>) {
    let _: u64 = session.counter();
    session.set_counter(1);
    let _: u64 = session.update_counter(|counter| *counter += 1);
    session.clear_counter();
    let _: bool = session.has_counter();
    let _: u64 = session.add_counter(1);
    let _: u64 = session.sub_counter(1);
    let _: Option<Timestamp> = session.counter_expires_at();

    session.set_theme("dark");
    session.set_theme(None);
    session.set_language("de");

    let _: Option<u64> = session.user_id();
    session.set_user_id(Some(7));
    session.clear_user_id();
    let _: bool = session.has_user_id();

    session.flash_notice("saved".to_owned());
    let _: Option<String> = session.take_notice();
    let _: bool = session.has_notice();
    session.flash_hints("saved");
    let _: Vec<String> = session.peek_hints();
}

fn principal() -> Option<<Visit as PrincipalSchema>::Principal> {
    None::<u64>
}

fn main() {}
