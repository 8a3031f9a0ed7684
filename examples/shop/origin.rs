//! Who sent a request.

/// Whether a request may change something: it comes from one of our own pages. With `SameSite=Lax`, which
/// keeps other sites' forms from carrying the cookie, this is what stops forged requests: other hosts of our
/// domain are the same site, but not the same origin.
pub(crate) fn is_ours<'a>(method: &str, header: impl Fn(&str) -> Option<&'a str>) -> bool {
    if matches!(method, "GET" | "HEAD") {
        return true;
    }
    match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        // Browsers from before 2023, and plain HTTP beyond loopback.
        None => {
            let host = header("origin").and_then(|origin| Some(origin.split_once("://")?.1));
            host.is_some() && host == header("host")
        }
    }
}
