//! A schema with every kind of field, and calls of all kinds of accessors.

use serde::{Deserialize, Serialize};
use session_runtime::{Session, SessionSchema};

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    name: String,
}

/// What this site remembers of a visitor.
#[derive(SessionSchema)]
struct Visit {
    /// Pages seen.
    #[session(counter)]
    counter: u64,
    theme: Option<String>,
    cart: Vec<Item>,
    #[session(principal)]
    user_id: Option<u64>,
    #[session(flash)]
    notice: Option<String>,
    #[session(flash, into)]
    hints: Vec<String>,
    #[session(key = "lang", alias = "language", alias = "locale", default = "en".to_owned(), into)]
    language: String,
    #[session(into, ttl = "10m")]
    code: Option<String>,
    #[session(counter, ttl = "10m", upgrade(from = i64, with = tries))]
    tries: u8,
}

fn tries(stored: i64) -> u8 {
    stored.clamp(0, 255) as u8
}

fn handler(session: &Session<Visit>) {
    let seen: u64 = session.counter();
    session.set_counter(seen);
    let _: u64 = session.update_counter(|counter| *counter += 1);
    session.clear_counter();
    let _: bool = session.has_counter();
    let _: u64 = session.add_counter(1);
    let _: u64 = session.sub_counter(1);

    let _: Option<String> = session.theme();
    session.set_theme(Some("dark".to_owned()));
    session.update_cart(|cart| cart.push(Item { name: "tea".to_owned() }));
    let _names: Vec<String> = session.cart().into_iter().map(|item| item.name).collect();

    let _: Option<u64> = session.user_id();
    session.set_user_id(Some(7));
    session.clear_user_id();
    let _: bool = session.has_user_id();

    session.flash_notice("saved".to_owned());
    let _: Option<String> = session.peek_notice();
    let _: Option<String> = session.take_notice();
    session.flash_hints("try tea");
    let _: Vec<String> = session.take_hints();

    session.set_language("de");

    session.set_code("314159");
    session.set_code(Some("314159".to_owned()));
    session.set_code(String::new());
    session.set_code(None);
    let _: Option<session_runtime::Timestamp> = session.code_expires_at();
    let _: Option<session_runtime::Timestamp> = session.tries_expires_at();
}

fn main() {
    let _ = handler;
    assert_eq!(Visit::NAME, "Visit");
    assert_eq!(Visit::PRINCIPAL, Some("user_id"));
    let keys = [
        "counter", "theme", "cart", "user_id", "notice", "hints", "lang", "language", "locale", "code",
        "tries",
    ];
    assert_eq!(Visit::KEYS, keys);
}
