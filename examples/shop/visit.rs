//! What the site remembers of a visitor.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

/// The session.
#[derive(SessionSchema)]
pub(crate) struct Visit {
    /// Visits to the home page.
    #[session(counter)]
    pub(super) visits: u64,
    /// The number of each item in the cart.
    pub(super) cart: BTreeMap<String, u32>,
    /// Messages for the next page.
    #[session(flash)]
    pub(super) notices: Vec<Notice>,
    /// Wrong passwords since the last right one.
    #[session(counter)]
    pub(super) failures: u64,
    /// Who is signed in.
    #[session(principal)]
    pub(super) user_id: Option<i64>,
    /// The `User-Agent` of the browser that signed in.
    pub(super) browser: Option<String>,
    /// The user gave the password again.
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
