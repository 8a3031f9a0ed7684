//! Finding the token in the body of a form.

/// The largest form that is read to look for its token, in bytes. Anybody can send a form.
#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
pub(crate) const FORM_LIMIT: usize = 2 * 1024 * 1024;

const FIELD: &[u8] = b"csrf_token=";

/// Whether [`form_token`] can read a body of this `Content-Type`, for adapters.
///
/// ```
/// use session_runtime::csrf::is_form;
///
/// assert!(is_form(Some(b"application/x-www-form-urlencoded; charset=utf-8")));
/// assert!(!is_form(Some(b"multipart/form-data; boundary=x")));
/// ```
pub fn is_form(content_type: Option<&[u8]>) -> bool {
    let essence = content_type.and_then(|value| value.split(|byte| *byte == b';').next());
    essence.is_some_and(|essence| {
        essence.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

/// The field `csrf_token` in the body of a form, for adapters.
///
/// The body is `application/x-www-form-urlencoded`; see [`is_form`]. `None` if it has no such
/// field.
///
/// ```
/// use session_runtime::csrf::form_token;
///
/// assert_eq!(form_token(b"item=Tea&csrf_token=abc"), Some(b"abc".as_slice()));
/// ```
pub fn form_token(body: &[u8]) -> Option<&[u8]> {
    // Neither the name nor a token has characters that browsers escape.
    body.split(|byte| *byte == b'&').find_map(|field| field.strip_prefix(FIELD))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_field_wherever_it_is() {
        for (body, token) in [
            ("csrf_token=a-b_c", Some("a-b_c")),
            ("csrf_token=first&csrf_token=second", Some("first")),
            ("x=1&csrf_token=a&y=2", Some("a")),
            ("csrf_token=", Some("")),
            ("csrf_token", None),
            ("my_csrf_token=a", None),
            ("x=csrf_token=a", None),
            ("", None),
        ] {
            assert_eq!(form_token(body.as_bytes()), token.map(str::as_bytes), "{body}");
        }
    }

    #[test]
    fn knows_forms_by_their_type() {
        let form = |text: &str| is_form(Some(text.as_bytes()));
        assert!(form("application/x-www-form-urlencoded"));
        assert!(form("Application/X-WWW-Form-Urlencoded ;charset=utf-8"));
        assert!(!form("application/x-www-form-urlencoded-too"));
        assert!(!form("text/plain"));
        assert!(!form(""));
        assert!(!is_form(None));
    }
}
