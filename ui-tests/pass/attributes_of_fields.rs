//! `#[cfg]`, `#[deprecated]` and odd names of fields.

#![deny(warnings, missing_docs)]

use session_runtime::{Session, SessionSchema};

/// A visit.
#[allow(non_snake_case)]
#[derive(SessionSchema)]
pub struct Visit {
    /// Only in another world.
    #[cfg(any())]
    pub absent: NoSuchType,
    /// Here.
    #[cfg(all())]
    pub present: u32,
    /// Old.
    #[deprecated(note = "use `present`")]
    pub old: u32,
    /// Named as elsewhere.
    pub userName: String,
    /// Hidden.
    #[doc(hidden)]
    pub hidden: u32,
}

/// Also for a struct that is on its way out.
#[deprecated]
#[derive(SessionSchema)]
pub struct OldVisit {
    /// Here.
    pub present: u32,
}

/// Old.
#[deprecated]
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct OldTheme;

/// Old types, and names that rustc finds odd with what accessors put before and after them.
#[derive(SessionSchema)]
pub struct OldTypes {
    /// Old.
    #[allow(deprecated)]
    pub theme: OldTheme,
    _reserved: u32,
    #[session(ttl = "1m")]
    type_: u32,
}

/// Uses it.
pub fn handler(session: &Session<Visit>) -> u32 {
    #[expect(deprecated)]
    session.set_old(session.present());
    session.set_userName(session.userName());
    session.hidden()
}

fn main() {
    assert_eq!(Visit::KEYS, ["present", "old", "userName", "hidden"]);
}
