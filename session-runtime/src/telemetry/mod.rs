//! What operators see: spans and events of `tracing`, and metrics with the feature `metrics`.
//!
//! None of them shows an id, a store key or a value. Ordinary work is logged at the level `debug`.
//! So is everything that a stranger can cause: otherwise anybody could flood a log.

pub(crate) mod hooks;
#[cfg(feature = "metrics")]
pub mod metrics;

#[cfg(feature = "metrics")]
use ::metrics::counter;

pub use self::hooks::SessionEvent;

use crate::crypto::Refusal;
use crate::error::{Chain, StoreError};

/// Calls the store in a span, measures the call, and reports a failure.
///
/// The operation is a literal, so that no label is allocated.
macro_rules! watched {
    ($operation:literal, $call:expr) => {{
        #[cfg(feature = "metrics")]
        let began = std::time::Instant::now();
        // Without a listener no span is made, and the request's future needs no space for one.
        let answer = match $crate::telemetry::is_anybody_listening() {
            false => $call.await,
            true => {
                let span = ::tracing::debug_span!("session_store", operation = $operation);
                Box::pin(::tracing::Instrument::instrument($call, span)).await
            }
        };
        #[cfg(feature = "metrics")]
        ::metrics::histogram!(crate::telemetry::metrics::STORE_DURATION, "operation" => $operation)
            .record(began.elapsed());
        if let Err(error) = &answer {
            crate::telemetry::store_failed($operation, error);
        }
        answer
    }};
}
pub(crate) use watched;

/// Whether any subscriber wants events of the level `debug`.
///
/// If another crate enables `tracing/log`, as actix-web does, a span that nobody wants costs 90
/// instructions. So the crate `log` gets events, but no spans.
pub(crate) fn is_anybody_listening() -> bool {
    tracing::Level::DEBUG <= tracing::level_filters::LevelFilter::current()
}

/// Reports that the store failed. An unsupported operation is no failure.
#[cold]
pub(crate) fn store_failed(operation: &'static str, error: &StoreError) {
    if error.is_unsupported() {
        return;
    }
    tracing::error!(operation, error = %Chain(error), "the session store failed");
    #[cfg(feature = "metrics")]
    counter!(metrics::STORE_ERRORS, "operation" => operation).increment(1);
}

/// Reports that a cookie leads to no session.
#[cold]
pub(crate) fn refused(refusal: Refusal) {
    tracing::debug!(reason = refusal.as_str(), "a session cookie was refused");
    #[cfg(feature = "metrics")]
    counter!(metrics::REFUSED_COOKIES, "reason" => refusal.as_str()).increment(1);
}

/// Reports that a request was refused because it may be forged.
#[cold]
pub(crate) fn forged(reason: &'static str) {
    tracing::debug!(reason, "a request was refused as forged");
    #[cfg(feature = "metrics")]
    counter!(metrics::REFUSED_REQUESTS, "reason" => reason).increment(1);
}

/// What a request found when it asked for its session.
pub(crate) enum Load {
    Live { fields: usize },
    Gone,
    Nothing,
}

/// Reports that a request asked for its session.
pub(crate) fn loaded(load: Load) {
    if let Load::Live { fields } = load {
        tracing::debug!(fields, "a session was loaded");
    }
    #[cfg(feature = "metrics")]
    match load {
        Load::Live { .. } => counter!(metrics::LOADS, "outcome" => "live"),
        Load::Gone => counter!(metrics::LOADS, "outcome" => "gone"),
        Load::Nothing => counter!(metrics::LOADS, "outcome" => "none"),
    }
    .increment(1);
}

/// What a commit did to the record.
#[derive(Clone, Copy)]
pub(crate) enum SaveKind {
    Create,
    Update,
    Renew,
    Touch,
}

/// Reports that a commit changed this many `fields`, after this many `conflicts`.
pub(crate) fn saved(kind: SaveKind, fields: usize, conflicts: u32) {
    match kind {
        SaveKind::Create => tracing::debug!(fields, "a session was created"),
        SaveKind::Update => tracing::debug!(fields, conflicts, "a session was updated"),
        SaveKind::Renew => tracing::debug!(fields, conflicts, "a session was renewed"),
        SaveKind::Touch => tracing::debug!("a session was touched"),
    }
    #[cfg(feature = "metrics")]
    match kind {
        SaveKind::Create => counter!(metrics::SAVES, "kind" => "create"),
        SaveKind::Update => counter!(metrics::SAVES, "kind" => "update"),
        SaveKind::Renew => counter!(metrics::SAVES, "kind" => "renew"),
        SaveKind::Touch => counter!(metrics::SAVES, "kind" => "touch"),
    }
    .increment(1);
}

/// Counts a conflict: another request changed the same fields, so the closures run again.
pub(crate) fn conflicted() {
    #[cfg(feature = "metrics")]
    counter!(metrics::CONFLICTS).increment(1);
}

/// Reports that the call with the name `by` deleted this many sessions.
pub(crate) fn ended(by: &'static str, count: usize) {
    tracing::debug!(by, count, "sessions were deleted");
    #[cfg(feature = "metrics")]
    counter!(metrics::ENDS, "by" => by).increment(count as u64);
}

/// Reports that this many expired records were removed.
pub(crate) fn swept(count: usize) {
    tracing::debug!(count, "expired sessions were removed");
}
