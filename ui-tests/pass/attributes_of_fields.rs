//! Fields with `#[cfg]`, with `#[deprecated]` and with odd names.

#![deny(warnings, missing_docs)]

use session_runtime::{Session, SessionSchema};

/// A visit.
#[allow(non_snake_case)]
#[derive(SessionSchema)]
pub struct Visit {
    /// Never compiled.
    #[cfg(any())]
    pub absent: NoSuchType,
    /// Always compiled.
    #[cfg(all())]
    pub present: u32,
    /// Old.
    #[deprecated(note = "use `present`")]
    pub old: u32,
    /// Not in snake case.
    pub userName: String,
    /// Hidden.
    #[doc(hidden)]
    pub hidden: u32,
}

/// A deprecated struct.
#[deprecated]
#[derive(SessionSchema)]
pub struct OldVisit {
    /// A field.
    pub present: u32,
}

/// Old.
#[deprecated]
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct OldTheme;

/// A deprecated type, and names that are in snake case while those of their accessors are not.
#[derive(SessionSchema)]
pub struct OldTypes {
    /// Old.
    #[allow(deprecated)]
    pub theme: OldTheme,
    _reserved: u32,
    #[session(ttl = "1m")]
    type_: u32,
}

/// Uses the accessors.
pub fn handler(session: &Session<Visit>) -> u32 {
    #[expect(deprecated)]
    session.set_old(session.present());
    session.set_userName(session.userName());
    session.hidden()
}

fn main() {
    assert_eq!(Visit::KEYS, ["present", "old", "userName", "hidden"]);
}
