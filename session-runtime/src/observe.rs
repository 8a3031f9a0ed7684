//! What operators see of the work: spans and events of `tracing`, and metrics with the feature.
//!
//! Neither shows an id, a key of a store or a value. Ordinary work is told at the level `debug`, and what
//! anybody on the network can cause too, so that nobody can flood a log.

#[cfg(feature = "metrics")]
use ::metrics::counter;

use crate::error::{Chain, StoreError};
#[cfg(feature = "metrics")]
use crate::metrics;
use crate::refusal::Refusal;
use crate::state::Stored;

/// Makes one call of the store, in a span of its own, measured and its failure told. The label is a
/// literal, so that none is allocated.
macro_rules! watched {
    ($operation:literal, $call:expr) => {{
        #[cfg(feature = "metrics")]
        let began = std::time::Instant::now();
        // Where nobody listens, the call is not moved into an instrumented one, nor has the future of the
        // request room for it.
        let answer = match $crate::observe::is_anybody_listening() {
            false => $call.await,
            true => {
                let span = ::tracing::debug_span!("session_store", operation = $operation);
                Box::pin(::tracing::Instrument::instrument($call, span)).await
            }
        };
        #[cfg(feature = "metrics")]
        ::metrics::histogram!(crate::metrics::STORE_DURATION, "operation" => $operation)
            .record(began.elapsed());
        if let Err(error) = &answer {
            crate::observe::store_failed($operation, error);
        }
        answer
    }};
}
pub(crate) use watched;

/// Whether any subscriber wants events of the level `debug`. A span that is made to find out that nobody wants it
/// costs 90 instructions where another crate has turned on `tracing/log`, as actix-web does. So `log` is told of
/// events alone.
pub(crate) fn is_anybody_listening() -> bool {
    tracing::Level::DEBUG <= tracing::level_filters::LevelFilter::current()
}

/// The store failed to do something. That it does not have the operation is no failure.
#[cold]
pub(crate) fn store_failed(operation: &'static str, error: &StoreError) {
    if error.is_unsupported() {
        return;
    }
    tracing::error!(operation, error = %Chain(error), "the session store failed");
    #[cfg(feature = "metrics")]
    counter!(metrics::STORE_ERRORS, "operation" => operation).increment(1);
}

/// A cookie leads to no session.
#[cold]
pub(crate) fn refused(refusal: Refusal) {
    tracing::debug!(reason = refusal.as_str(), "a session cookie was refused");
    #[cfg(feature = "metrics")]
    counter!(metrics::REFUSED_COOKIES, "reason" => refusal.as_str()).increment(1);
}

/// A request was refused, for it may be forged.
#[cold]
pub(crate) fn forged(reason: &'static str) {
    tracing::debug!(reason, "a request was refused as forged");
    #[cfg(feature = "metrics")]
    counter!(metrics::REFUSED_REQUESTS, "reason" => reason).increment(1);
}

/// A request asked for its session, and this is what was there.
pub(crate) fn loaded(stored: &Stored) {
    if let Stored::Live(live) = stored {
        tracing::debug!(fields = live.record.fields.len(), "a session was loaded");
    }
    #[cfg(feature = "metrics")]
    match stored {
        Stored::Live(_) => counter!(metrics::LOADS, "outcome" => "live"),
        Stored::Gone => counter!(metrics::LOADS, "outcome" => "gone"),
        Stored::Nothing => counter!(metrics::LOADS, "outcome" => "none"),
    }
    .increment(1);
}

/// What a commit did to the record.
#[derive(Clone, Copy)]
pub(crate) enum Save {
    Create,
    Update,
    Renew,
    Touch,
}

/// A commit has changed so many `fields`, after so many `conflicts`.
pub(crate) fn saved(save: Save, fields: usize, conflicts: u32) {
    match save {
        Save::Create => tracing::debug!(fields, "a session was created"),
        Save::Update => tracing::debug!(fields, conflicts, "a session was updated"),
        Save::Renew => tracing::debug!(fields, conflicts, "a session was renewed"),
        Save::Touch => tracing::debug!("a session was touched"),
    }
    #[cfg(feature = "metrics")]
    match save {
        Save::Create => counter!(metrics::SAVES, "kind" => "create"),
        Save::Update => counter!(metrics::SAVES, "kind" => "update"),
        Save::Renew => counter!(metrics::SAVES, "kind" => "renew"),
        Save::Touch => counter!(metrics::SAVES, "kind" => "touch"),
    }
    .increment(1);
}

/// Another request has changed the same fields, so this one's closures run again.
pub(crate) fn conflicted() {
    #[cfg(feature = "metrics")]
    counter!(metrics::CONFLICTS).increment(1);
}

/// So many sessions were ended, by the call of this name.
pub(crate) fn ended(by: &'static str, count: usize) {
    tracing::debug!(by, count, "sessions were ended");
    #[cfg(feature = "metrics")]
    counter!(metrics::ENDS, "by" => by).increment(count as u64);
}

/// So many expired records were removed.
pub(crate) fn swept(count: usize) {
    tracing::debug!(count, "expired sessions were removed");
}
