//! The layer that refuses forged requests, and the extractor of the token.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::Either;
use http::request::Parts;
use http::{HeaderValue, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::csrf::{
    Csrf, CsrfError, CsrfPolicy, FORM_LIMIT, HEADER, Judgement, Protected, form_token, is_form,
};
use crate::request::SessionHandle;

/// Refuses requests that pages of other sites send.
///
/// The rules are in [`csrf`](crate::csrf). Add it inside of the
/// [`SessionLayer`](crate::axum::SessionLayer), so before it. Routes that other sites or programs
/// may call are added after this layer, or merged from a `Router` without it.
///
/// If the token of a form is needed, the form is read before the handler is called, up to 2 MiB.
///
/// ```
/// use axum::{Router, routing::post};
/// use session_runtime::axum::{CsrfLayer, SessionLayer};
/// use session_runtime::csrf::CsrfPolicy;
/// # use session_runtime::{Keyring, Sessions, store::MemoryStore};
/// # let sessions =
/// #     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
///
/// let app: Router = Router::new()
///     .route("/pay", post(|| async { "paid" }))
///     .layer(CsrfLayer::new(CsrfPolicy::new()))
///     // A program calls it. It checks a signature, and uses no session.
///     .route("/webhook", post(|| async { "received" }))
///     .layer(SessionLayer::new(sessions));
/// # let _ = app;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsrfLayer {
    policy: CsrfPolicy,
}

impl CsrfLayer {
    /// A layer with this policy.
    pub fn new(policy: CsrfPolicy) -> Self {
        Self { policy }
    }
}

impl<S> Layer<S> for CsrfLayer {
    type Service = CsrfService<S>;

    fn layer(&self, inner: S) -> CsrfService<S> {
        CsrfService { inner, policy: self.policy.clone() }
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The service that [`CsrfLayer`] makes.
#[derive(Clone, Debug)]
pub struct CsrfService<S> {
    inner: S,
    policy: CsrfPolicy,
}

impl<S> Service<Request> for CsrfService<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    // Boxed only if the request may be refused, so that requests that pass allocate nothing.
    type Future = Either<S::Future, BoxFuture<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match judge(&self.policy, &mut request) {
            Ok(Judgement::Passes) => Either::Left(self.inner.call(request)),
            Ok(Judgement::NeedsToken) => {
                // The service that `poll_ready` has made ready is the one to call.
                let clone = self.inner.clone();
                let mut inner = mem::replace(&mut self.inner, clone);
                Either::Right(Box::pin(async move {
                    match with_token(request).await {
                        Ok(request) => inner.call(request).await,
                        Err(refusal) => Ok(refusal),
                    }
                }))
            }
            Err(error) => {
                let refusal = error.into_response();
                Either::Right(Box::pin(async { Ok(refusal) }))
            }
        }
    }
}

fn judge(policy: &CsrfPolicy, request: &mut Request) -> Result<Judgement, CsrfError> {
    // Asked of every request, so that the first one shows that layers are in the wrong order.
    handle(request.extensions())?;
    request.extensions_mut().insert(Protected);
    policy.judge_http(request.method(), request.uri(), request.headers())
}

/// The request again, if it has a token of its session. Otherwise the refusal.
async fn with_token(request: Request) -> Result<Request, Response> {
    let handle = handle(request.extensions()).map_err(IntoResponse::into_response)?.clone();
    let headers = request.headers();
    let token = headers.get(HEADER).cloned();
    if token.is_some() || !is_form(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes)) {
        let token = token.as_ref().map(HeaderValue::as_bytes);
        Csrf::check(&handle, token).await.map_err(IntoResponse::into_response)?;
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let mut form = Request::from_parts(parts.clone(), body);
    // This limit holds even if the application has switched its own off.
    DefaultBodyLimit::max(FORM_LIMIT).apply(&mut form);
    let form = Bytes::from_request(form, &()).await.map_err(IntoResponse::into_response)?;
    Csrf::check(&handle, form_token(&form)).await.map_err(IntoResponse::into_response)?;
    Ok(Request::from_parts(parts, Body::from(form)))
}

fn handle(extensions: &http::Extensions) -> Result<&SessionHandle, CsrfError> {
    extensions.get::<SessionHandle>().ok_or_else(|| {
        CsrfError::missing_layer(
            "add `.layer(SessionLayer::new(..))` below `.layer(CsrfLayer::new(..))`",
        )
    })
}

impl<State: Send + Sync> FromRequestParts<State> for Csrf {
    type Rejection = CsrfError;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, CsrfError> {
        let handle = match parts.extensions.get::<Protected>() {
            Some(Protected) => handle(&parts.extensions),
            None => Err(CsrfError::missing_layer(
                "add `.layer(session_runtime::axum::CsrfLayer::new(..))` below the routes",
            )),
        };
        Self::new(handle?.clone()).await
    }
}

impl IntoResponse for CsrfError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
