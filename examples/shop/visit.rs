//! What the site remembers of a visitor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

/// The session.
#[derive(SessionSchema)]
pub(crate) struct Visit {
    /// How often the home page was seen.
    #[session(counter)]
    pub(super) visits: u64,
    /// How many of each thing are in the cart.
    pub(super) cart: BTreeMap<String, u32>,
    /// What the next page tells.
    #[session(flash)]
    pub(super) notices: Vec<Notice>,
    /// Wrong passwords since the last right one.
    #[session(counter)]
    pub(super) failures: u64,
    /// Who is signed in.
    #[session(principal)]
    pub(super) user_id: Option<i64>,
    /// The browser that signed in, as it calls itself.
    pub(super) browser: Option<String>,
    /// The password was confirmed, a short while ago.
    #[session(ttl = "10m")]
    pub(super) confirmed: bool,
}

/// One sentence for the visitor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(super) is_good: bool,
    pub(super) text: String,
}

impl Notice {
    /// Something was done.
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self { is_good: true, text: text.into() }
    }

    /// Something could not be done.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { is_good: false, text: text.into() }
    }
}
