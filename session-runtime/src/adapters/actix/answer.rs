//! The response with the session's headers.

use std::fmt;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use super::convert::from_http;
use crate::request::Finished;

/// The inner response with the session's headers. If the session failed, it is an empty one.
pub(super) fn answer<B: MessageBody>(
    response: Result<ServiceResponse<B>, actix_web::Error>,
    finished: Finished,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    match (response, &finished.error) {
        (Ok(response), None) => {
            let mut response = response.map_into_left_body();
            add_headers(response.headers_mut(), &finished);
            Ok(response)
        }
        (Ok(response), Some(error)) => {
            let mut empty = HttpResponse::new(from_http(error.status()));
            add_headers(empty.headers_mut(), &finished);
            Ok(response.into_response(empty.map_into_right_body()))
        }
        (Err(inner), _) if !finished.read => Err(inner),
        (Err(inner), _) => Err(InnerError { inner, finished }.into()),
    }
}

fn add_headers(headers: &mut HeaderMap, finished: &Finished) {
    let has_cache_control = headers.contains_key(header::CACHE_CONTROL);
    finished.headers(has_cache_control, |name, value| {
        let is_sensitive = value.is_sensitive();
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        // The types of both crates allow the same bytes.
        if let (Ok(name), Ok(mut value)) = (name, value) {
            value.set_sensitive(is_sensitive);
            headers.append(name, value);
        }
    });
}

/// The error of an inner middleware. Each response that is made of it gets the session's headers.
#[derive(Debug)]
struct InnerError {
    inner: actix_web::Error,
    finished: Finished,
}

impl fmt::Display for InnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl ResponseError for InnerError {
    fn status_code(&self) -> StatusCode {
        match &self.finished.error {
            Some(error) => from_http(error.status()),
            None => self.inner.as_response_error().status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = match &self.finished.error {
            Some(error) => HttpResponse::new(from_http(error.status())),
            None => self.inner.error_response(),
        };
        add_headers(response.headers_mut(), &self.finished);
        response
    }
}
