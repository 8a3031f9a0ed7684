//! Schemas in a function and in a module, private, public and unused ones, with methods of the
//! user's own, and with fields that mention `Self`.

#![deny(warnings)]

use serde::{Deserialize, Serialize};
use session_runtime::{Session, SessionSchema};

#[derive(SessionSchema)]
struct NeverRead {
    counter: u64,
    theme: String,
}

mod inner {
    use session_runtime::SessionSchema;

    #[derive(SessionSchema)]
    pub(crate) struct Visit {
        pub(super) counter: u64,
        pub(in crate::inner) hidden: u64,
        private: u64,
    }

    impl VisitSession {
        pub(crate) fn total(&self) -> u64 {
            self.hidden() + self.private()
        }
    }
}

#[derive(Clone, Serialize, Deserialize, SessionSchema)]
struct Node {
    parent: Option<Box<Self>>,
    #[session(default = Self::FIRST)]
    number: u32,
    #[session(upgrade(from = Box<Self>, with = Self::name))]
    name: String,
}

impl Node {
    const FIRST: u32 = 7;

    fn name(self: Box<Self>) -> String {
        self.name
    }
}

fn handler(session: &Session<inner::Visit>) -> u64 {
    session.counter() + session.total()
}

fn debug<T: std::fmt::Debug>() {}

fn main() {
    #[derive(SessionSchema)]
    struct Local {
        counter: u64,
    }

    let _ = (handler, |session: Session<Local>| session.counter(), |_: Session<NeverRead>| ());
    let _ = |session: Session<Node>| session.update_parent(|parent| *parent = None);
    debug::<LocalSession>();
}
