//! `r#type` is stored as `type`, and only its getter needs the `r#`. The struct may have a raw
//! name, too.

#![deny(warnings)]

use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
struct Visit {
    r#type: String,
    #[session(counter)]
    r#loop: u32,
    #[session(flash)]
    r#match: Vec<String>,
    #[session(name = "r#move")]
    next_move: u32,
    #[session(name = "kind")]
    r#struct: u32,
}

#[allow(non_camel_case_types)]
#[derive(Clone, serde::Serialize, serde::Deserialize, SessionSchema)]
struct r#enum {
    parent: Option<Box<Self>>,
}

fn handler(session: &Session<Visit>) {
    session.set_type(session.r#type());
    session.add_loop(session.r#loop());
    session.flash_match("draw".to_owned());
    session.set_move(session.r#move());
    session.set_kind(session.kind());
}

fn main() {
    let _ = handler;
    assert_eq!(Visit::KEYS, ["type", "loop", "match", "next_move", "struct"]);
}
