//! Structs that come from a macro, wholly or in parts.

#![deny(warnings)]

use session_runtime::{Session, SessionSchema};

macro_rules! schema {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $ty:ty = $default:expr,)* }, $key:literal) => {
        #[derive(SessionSchema)]
        #[session(prefix = $key)]
        struct $name {
            $($(#[$meta])* #[session(default = $default)] $field: $ty,)*
            #[session(counter)]
            fixed: u64,
            #[session(flash)]
            messages: Vec<String>,
            #[session(principal, into)]
            user: Option<u64>,
        }
    };
}

schema!(Visit {
    /// The theme.
    theme: Option<String> = Some("dark".to_owned()),
    #[session(into)]
    pages: u32 = 1 + 1,
}, "visit.");

macro_rules! flashes {
    ($($field:ident: $ty:ty),*) => {
        #[derive(SessionSchema)]
        #[session(accessors = "FlashHandle")]
        struct Flashes {
            $(#[session(flash)] $field: $ty,)*
        }
    };
}

type Notices = Vec<String>;

flashes!(one: Option<String>, all: Vec<u8>, alias: Notices);

fn handler(session: &Session<Visit>, flashes: &Session<Flashes>) {
    session.set_theme(None);
    session.set_pages(2_u8);
    session.add_fixed(1);
    session.flash_messages("hello".to_owned());
    session.set_user(7);
    flashes.flash_one("one".to_owned());
    flashes.flash_all(1);
    flashes.flash_alias("another".to_owned());
    let _: FlashHandle;
}

fn main() {
    let _ = handler;
    assert_eq!(Visit::KEYS[0], "visit.theme");
}
