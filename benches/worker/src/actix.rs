//! Applications on actix-web.

use std::hint::black_box;

use actix_web::body::{self, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{App as Builder, Error, web};

use crate::app::{App, path};

/// A service that was made of an [`App`](Builder) with its sessions.
#[derive(Debug)]
pub struct ActixApp<S>(S);

impl<S> ActixApp<S> {
    /// The application with this service.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

/// The same routes without sessions. Their cost is subtracted.
pub async fn bare() -> impl App {
    let answer = || async { black_box(1_u64).to_string() };
    let app = Builder::new()
        .route(path::UNTOUCHED, web::get().to(untouched))
        .route(path::READ, web::get().to(answer))
        .route(path::COUNT, web::get().to(answer));
    ActixApp::new(actix_web::test::init_service(app).await)
}

/// The handler of [`path::UNTOUCHED`].
pub async fn untouched() -> &'static str {
    "nothing"
}

impl<S, B> App for ActixApp<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Cookie = HeaderValue;

    async fn call(&self, path: &'static str, cookie: Option<HeaderValue>) -> ServiceResponse<B> {
        let mut request = TestRequest::with_uri(path);
        if let Some(cookie) = cookie {
            request = request.insert_header((header::COOKIE, cookie));
        }
        match self.0.call(request.to_request()).await {
            Ok(response) => response,
            // A middleware returned an error. The server turns it into a response in this way too.
            Err(error) => panic!("{path}: {error}"),
        }
    }

    fn cookie(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).expect("cookies are visible ASCII")
    }

    fn status(response: &ServiceResponse<B>) -> u16 {
        response.status().as_u16()
    }

    fn set_cookies(response: &ServiceResponse<B>) -> impl Iterator<Item = &str> {
        let headers = response.headers().get_all(header::SET_COOKIE);
        headers.filter_map(|value| value.to_str().ok())
    }

    async fn text(response: ServiceResponse<B>) -> String {
        let bytes = body::to_bytes(response.into_body()).await;
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }
}
