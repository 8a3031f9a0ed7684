//! The middleware that refuses forged requests, and the extractor of the token.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use futures_util::StreamExt;

use super::LocalFuture;
use super::convert::from_http;
use crate::csrf::{
    Csrf, CsrfError, CsrfPolicy, FORM_LIMIT, HEADER, Judgement, Protected, form_token, is_form,
};
use crate::request::SessionHandle;

/// Refuses requests that pages of other sites send.
///
/// The rules are in [`csrf`](crate::csrf). Wrap it inside of the
/// [`SessionMiddleware`](crate::actix::SessionMiddleware), so before it or in a scope. Routes that
/// other sites or programs may call stay outside of that scope.
///
/// If the token of a form is needed, the form is read before the handler is called, up to 2 MiB.
///
/// ```
/// use actix_web::{App, web};
/// use session_runtime::actix::{CsrfMiddleware, SessionMiddleware};
/// use session_runtime::csrf::CsrfPolicy;
/// # use session_runtime::{Keyring, Sessions, store::MemoryStore};
/// # let sessions =
/// #     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
///
/// let app = App::new()
///     .wrap(SessionMiddleware::new(sessions))
///     // A program calls it. It checks a signature, and uses no session.
///     .route("/webhook", web::post().to(|| async { "received" }))
///     .service(
///         web::scope("/shop")
///             .wrap(CsrfMiddleware::new(CsrfPolicy::new()))
///             .route("/pay", web::post().to(|| async { "paid" })),
///     );
/// # let _ = app;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsrfMiddleware {
    policy: CsrfPolicy,
}

impl CsrfMiddleware {
    /// A middleware with this policy.
    pub fn new(policy: CsrfPolicy) -> Self {
        Self { policy }
    }
}

impl<S, B> Transform<S, ServiceRequest> for CsrfMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = CsrfService<S>;
    type InitError = ();
    type Future = Ready<Result<CsrfService<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(CsrfService { inner: Rc::new(service), policy: self.policy.clone() }))
    }
}

/// The service that [`CsrfMiddleware`] makes.
#[derive(Debug)]
pub struct CsrfService<S> {
    inner: Rc<S>,
    policy: CsrfPolicy,
}

impl<S, B> Service<ServiceRequest> for CsrfService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = LocalFuture<Result<Self::Response, actix_web::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        match judge(&self.policy, &request) {
            Ok(Judgement::Passes) => {
                let response = self.inner.call(request);
                Box::pin(async move { Ok(response.await?.map_into_left_body()) })
            }
            Ok(Judgement::NeedsToken) => {
                let inner = self.inner.clone();
                Box::pin(async move {
                    match check_token(&mut request).await? {
                        Ok(()) => Ok(inner.call(request).await?.map_into_left_body()),
                        Err(error) => Ok(refuse(request, error)),
                    }
                })
            }
            Err(error) => Box::pin(ready(Ok(refuse(request, error)))),
        }
    }
}

fn judge(policy: &CsrfPolicy, request: &ServiceRequest) -> Result<Judgement, CsrfError> {
    // Asked of every request, so that the first one shows that middlewares are in the wrong order.
    handle(request.request())?;
    request.extensions_mut().insert(Protected);
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    policy.judge(request.method().as_str(), |name| match (name, authority) {
        ("host", Some(authority)) => Some(authority),
        _ => request.headers().get(name).map(HeaderValue::as_bytes),
    })
}

/// Checks that the request has a token of its session. Fails if its body cannot be read.
async fn check_token(
    request: &mut ServiceRequest,
) -> Result<Result<(), CsrfError>, actix_web::Error> {
    let handle = match handle(request.request()) {
        Ok(handle) => handle,
        Err(error) => return Ok(Err(error)),
    };
    let headers = request.headers();
    let token = headers.get(HEADER).cloned();
    if token.is_some() || !is_form(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes)) {
        return Ok(Csrf::check(&handle, token.as_ref().map(HeaderValue::as_bytes)).await);
    }
    let form = read(request.take_payload()).await?;
    let checked = Csrf::check(&handle, form_token(&form)).await;
    request.set_payload(Payload::from(form));
    Ok(checked)
}

/// The bytes as they were sent. They stay encoded, because the handler decodes them.
async fn read(mut payload: Payload) -> Result<Bytes, PayloadError> {
    let mut form = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        form.extend_from_slice(&chunk?);
        if form.len() > FORM_LIMIT {
            return Err(PayloadError::Overflow);
        }
    }
    Ok(form.freeze())
}

fn handle(request: &HttpRequest) -> Result<SessionHandle, CsrfError> {
    request.extensions().get::<SessionHandle>().cloned().ok_or_else(|| {
        CsrfError::missing_layer("add `.wrap(SessionMiddleware::new(..))` below `CsrfMiddleware`")
    })
}

fn refuse<B>(request: ServiceRequest, error: CsrfError) -> ServiceResponse<EitherBody<B>> {
    request.error_response(error).map_into_right_body()
}

impl FromRequest for Csrf {
    type Error = CsrfError;
    type Future = LocalFuture<Result<Self, CsrfError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let is_protected = request.extensions().get::<Protected>().is_some();
        let handle = match is_protected {
            true => handle(request),
            false => Err(CsrfError::missing_layer(
                "add `.wrap(session_runtime::actix::CsrfMiddleware::new(..))` around the handler",
            )),
        };
        Box::pin(async move { Self::new(handle?).await })
    }
}

impl ResponseError for CsrfError {
    fn status_code(&self) -> StatusCode {
        from_http(self.status())
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
