//! The types of actix-web as those of the crate `http`, and back.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};

/// The `Cookie` headers of a request.
pub(super) fn cookie_headers(headers: &HeaderMap) -> impl Iterator<Item = http::HeaderValue> + '_ {
    headers.get_all(header::COOKIE).filter_map(|value| {
        // The types of both crates allow the same bytes.
        http::HeaderValue::from_bytes(value.as_bytes()).ok()
    })
}

pub(super) fn to_http(status: StatusCode) -> http::StatusCode {
    // Both types hold the numbers from 100 to 999.
    http::StatusCode::from_u16(status.as_u16()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
}

pub(super) fn from_http(status: http::StatusCode) -> StatusCode {
    // Both types hold the numbers from 100 to 999.
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
