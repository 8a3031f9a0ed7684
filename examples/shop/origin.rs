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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_change_something() {
        let ours = |headers: &[(&str, &'static str)]| {
            is_ours("POST", |name| {
                headers.iter().find(|header| header.0 == name).map(|found| found.1)
            })
        };
        let host = ("host", "tea.example");
        assert!(ours(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[host, ("sec-fetch-site", "same-site"), ("origin", "https://tea.example")]));
        assert!(!ours(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(ours(&[host, ("origin", "https://tea.example")]));
        assert!(!ours(&[host, ("origin", "https://evil.example")]));
        assert!(!ours(&[host, ("origin", "null")]));
        assert!(!ours(&[host]));
        assert!(!ours(&[]));
        assert!(is_ours("GET", |_| None));
    }
}
