//! Applications on axum.

use std::cell::RefCell;
use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, Uri, header};
use axum::routing::get;
use tower_service::Service;

use crate::app::{App, path};

/// A router with its sessions.
#[derive(Debug)]
pub struct AxumApp(RefCell<Router>);

impl AxumApp {
    /// The application with these routes.
    pub fn new(router: Router) -> Self {
        Self(RefCell::new(router))
    }

    /// The same routes without sessions. Their cost is subtracted.
    pub fn bare() -> Self {
        let answer = || async { black_box(1_u64).to_string() };
        let router = Router::new().route(path::UNTOUCHED, get(untouched));
        Self::new(router.route(path::READ, get(answer)).route(path::COUNT, get(answer)))
    }
}

/// The handler of [`path::UNTOUCHED`].
pub async fn untouched() -> &'static str {
    "nothing"
}

impl App for AxumApp {
    type Response = Response<Body>;
    type Cookie = HeaderValue;

    async fn call(&self, path: &'static str, cookie: Option<HeaderValue>) -> Response<Body> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(path);
        if let Some(cookie) = cookie {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let response = self.0.borrow_mut().call(request);
        match response.await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn cookie(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).expect("cookies are visible ASCII")
    }

    fn status(response: &Response<Body>) -> u16 {
        response.status().as_u16()
    }

    fn set_cookies(response: &Response<Body>) -> impl Iterator<Item = &str> {
        let headers = response.headers().get_all(header::SET_COOKIE);
        headers.into_iter().filter_map(|value| value.to_str().ok())
    }

    async fn text(response: Response<Body>) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }
}
