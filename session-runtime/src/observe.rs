//! What operators see of the work: events.

use crate::refusal::Refusal;

/// A cookie leads to no session. Anybody can send such cookies, so it is no warning.
pub(crate) fn refused(refusal: Refusal) {
    tracing::debug!(reason = refusal.as_str(), "a session cookie was refused");
}
