//! The session of the scenarios: a field of each kind.

use session_runtime::SessionSchema;

/// The fields of the scenarios.
#[derive(SessionSchema)]
pub(crate) struct Visit {
    #[session(counter)]
    pub(crate) counter: u64,
    pub(crate) name: Option<String>,
    pub(crate) items: Vec<String>,
    #[session(flash)]
    pub(crate) notice: Option<String>,
    #[session(flash)]
    pub(crate) messages: Vec<String>,
    #[session(principal)]
    pub(crate) user_id: Option<u64>,
}
