//! The metrics, and what they are called. With the feature `metrics`.
//!
//! They go to whatever recorder the application installs for the [`metrics`](https://docs.rs/metrics)
//! facade, such as `metrics-exporter-prometheus`. Install it before
//! [`SessionsBuilder::build`](crate::SessionsBuilder::build), which describes them to it.
//!
//! | name | kind | label | counts |
//! | --- | --- | --- | --- |
//! | [`session_loads_total`](LOADS) | counter | `outcome`: `live`, `gone`, `none` | requests that asked for their session |
//! | [`session_saves_total`](SAVES) | counter | `kind`: `create`, `update`, `renew`, `touch` | commits that changed a record; a touch moves its expiry alone |
//! | [`session_conflicts_total`](CONFLICTS) | counter | | saves that were overtaken by another request and done again |
//! | [`session_ends_total`](ENDS) | counter | `by`: `destroy`, `delete`, `delete_all` | sessions that were ended, none that expired; of `destroy` and `delete`, also those found gone |
//! | [`session_refused_cookies_total`](REFUSED_COOKIES) | counter | `reason`: [`Refusal::as_str`](crate::Refusal::as_str) | cookies that led to no session |
//! | [`session_refused_requests_total`](REFUSED_REQUESTS) | counter | `reason`: [`CsrfError::reason`](crate::csrf::CsrfError::reason), but for `session` and `layer` | requests that were refused as [forged](crate::csrf) |
//! | [`session_store_errors_total`](STORE_ERRORS) | counter | `operation` | calls of the store that failed |
//! | [`session_store_duration_seconds`](STORE_DURATION) | histogram | `operation` | how long calls of the store took |
//!
//! An `operation` is `load`, `create`, `update`, `rename`, `delete`, `list`, `delete_all`, `sweep` or `health`;
//! with a [`CookieStore`](crate::CookieStore) that has a revocation it is `load`, `delete`,
//! `delete_all`, `sweep` or `health`.
//!
//! Sessions that began are the saves `create`, and those that got a new id the saves `renew`.
//! A rise of `reason="forged"` is somebody who makes cookies up, or a key that was dropped too early;
//! `kind="create"` that outpaces the visitors is a client that keeps no cookies.

use ::metrics::{Unit, describe_counter, describe_histogram};

/// Requests that asked for their session.
pub const LOADS: &str = "session_loads_total";
/// Commits that changed a record.
pub const SAVES: &str = "session_saves_total";
/// Saves that were overtaken by another request and done again.
pub const CONFLICTS: &str = "session_conflicts_total";
/// Sessions that were ended.
pub const ENDS: &str = "session_ends_total";
/// Cookies that led to no session.
pub const REFUSED_COOKIES: &str = "session_refused_cookies_total";
/// Requests that were refused as forged.
pub const REFUSED_REQUESTS: &str = "session_refused_requests_total";
/// Calls of the store that failed.
pub const STORE_ERRORS: &str = "session_store_errors_total";
/// How long calls of the store took, in seconds.
pub const STORE_DURATION: &str = "session_store_duration_seconds";

/// Tells the recorder what they are.
pub(crate) fn describe() {
    let counters = [
        (LOADS, "Requests that asked for their session"),
        (SAVES, "Commits that changed a session's record"),
        (CONFLICTS, "Saves that were overtaken by another request and done again"),
        (ENDS, "Sessions that were ended"),
        (REFUSED_COOKIES, "Cookies that led to no session"),
        (REFUSED_REQUESTS, "Requests that were refused as forged"),
        (STORE_ERRORS, "Calls of the session store that failed"),
    ];
    for (name, description) in counters {
        describe_counter!(name, Unit::Count, description);
    }
    describe_histogram!(STORE_DURATION, Unit::Seconds, "How long calls of the session store took");
}
