//! The metrics and their names (feature `metrics`).
//!
//! They go to the recorder that the application installs for the
//! [`metrics`](https://docs.rs/metrics) facade, such as `metrics-exporter-prometheus`. Install it
//! before [`SessionsBuilder::build`](crate::SessionsBuilder::build), which describes the metrics to
//! it.
//!
//! | name | kind | label | counts |
//! | --- | --- | --- | --- |
//! | [`session_loads_total`](LOADS) | counter | `outcome`: `live`, `gone`, `none` | requests that asked for their session |
//! | [`session_saves_total`](SAVES) | counter | `kind`: `create`, `update`, `renew`, `touch` | commits that changed a record; a `touch` changes only its expiry |
//! | [`session_conflicts_total`](CONFLICTS) | counter | | saves that were repeated because another request had changed the same fields |
//! | [`session_ends_total`](ENDS) | counter | `by`: `destroy`, `delete`, `delete_all` | sessions that were deleted, without those that expired; `destroy` and `delete` also count sessions that they did not find |
//! | [`session_refused_cookies_total`](REFUSED_COOKIES) | counter | `reason`: [`Refusal::as_str`](crate::Refusal::as_str) | cookies that led to no session |
//! | [`session_refused_requests_total`](REFUSED_REQUESTS) | counter | `reason`: [`CsrfError::reason`](crate::csrf::CsrfError::reason), except `session` and `layer` | requests that were refused as [forged](crate::csrf) |
//! | [`session_store_errors_total`](STORE_ERRORS) | counter | `operation` | calls of the store that failed |
//! | [`session_store_duration_seconds`](STORE_DURATION) | histogram | `operation` | how long calls of the store took |
//!
//! An `operation` is `load`, `create`, `update`, `rename`, `delete`, `list`, `delete_all`, `sweep`
//! or `health`. With a [`CookieStore`](crate::CookieStore) that has a revocation, it is `load`,
//! `delete`, `delete_all`, `sweep` or `health`.
//!
//! - New sessions are the saves with `kind="create"`.
//! - New ids are the saves with `kind="renew"`.
//! - If `reason="forged"` rises, somebody makes up cookies, or a key was removed too early.
//! - If `kind="create"` grows faster than the number of visitors, some client keeps no cookies.
//!
//! The constants are for settings of the recorder, such as the buckets of a histogram:
//!
//! ```
//! use session_runtime::metrics;
//!
//! assert_eq!(metrics::STORE_DURATION, "session_store_duration_seconds");
//! ```

use ::metrics::{Unit, describe_counter, describe_histogram};

/// Counts requests that asked for their session.
pub const LOADS: &str = "session_loads_total";
/// Counts commits that changed a record.
pub const SAVES: &str = "session_saves_total";
/// Counts saves that were repeated because another request had changed the same fields.
pub const CONFLICTS: &str = "session_conflicts_total";
/// Counts sessions that were deleted.
pub const ENDS: &str = "session_ends_total";
/// Counts cookies that led to no session.
pub const REFUSED_COOKIES: &str = "session_refused_cookies_total";
/// Counts requests that were refused as forged.
pub const REFUSED_REQUESTS: &str = "session_refused_requests_total";
/// Counts calls of the store that failed.
pub const STORE_ERRORS: &str = "session_store_errors_total";
/// Measures how long calls of the store took, in seconds.
pub const STORE_DURATION: &str = "session_store_duration_seconds";

/// Describes the metrics to the recorder.
pub(crate) fn describe() {
    let counters = [
        (LOADS, "Requests that asked for their session"),
        (SAVES, "Commits that changed a session's record"),
        (CONFLICTS, "Saves that were repeated because another request had changed the same fields"),
        (ENDS, "Sessions that were deleted"),
        (REFUSED_COOKIES, "Cookies that led to no session"),
        (REFUSED_REQUESTS, "Requests that were refused as forged"),
        (STORE_ERRORS, "Calls of the session store that failed"),
    ];
    for (name, description) in counters {
        describe_counter!(name, Unit::Count, description);
    }
    describe_histogram!(STORE_DURATION, Unit::Seconds, "How long calls of the session store took");
}
