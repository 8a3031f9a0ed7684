//! The generated code under the strictest lints: `cargo clippy --all-targets` must accept it.

#![deny(warnings, missing_docs, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    single_use_lifetimes
)]
#![deny(unused_results, let_underscore_drop, missing_copy_implementations, trivial_casts)]
#![deny(clippy::impl_trait_in_params, clippy::missing_inline_in_public_items)]

use session_runtime::{Session, SessionSchema};

/// What this site remembers of a visitor.
#[derive(Debug, SessionSchema)]
pub struct Visit {
    /// Pages seen.
    #[session(counter)]
    pub counter: u64,
    /// The chosen theme.
    #[session(into)]
    pub theme: Option<String>,
    /// Who is signed in.
    #[session(principal, alias = "uid")]
    pub user_id: Option<u64>,
    /// Shown once.
    #[session(flash)]
    pub notice: Option<String>,
    /// Shown once, all of them.
    #[session(flash, into)]
    pub hints: Vec<String>,
    /// How many to a page.
    #[session(default = 20)]
    pub page_size: u8,
    outcome: Option<Result<u8, ()>>,
}

/// A schema that is never used.
#[derive(Debug, SessionSchema)]
#[session(rename_all = "camelCase", on_mismatch = "reset")]
struct Unused {
    counter: u64,
    #[deprecated]
    old_theme: String,
}

/// A handler.
#[inline]
#[must_use]
pub fn handler(session: &Session<Visit>) -> u64 {
    session.set_theme("dark".to_owned());
    session.add_counter(1) + u64::from(session.page_size())
}

#[test]
fn keys_are_renamed() {
    assert_eq!(Unused::KEYS, ["counter", "oldTheme"]);
    assert_eq!(Visit::KEYS.len(), 8);
}
