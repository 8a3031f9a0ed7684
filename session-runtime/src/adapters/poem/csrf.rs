//! The middleware that refuses forged requests, and the extractor of the token.

use poem::error::ResponseError;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Endpoint, FromRequest, IntoResponse, Middleware, Request, RequestBody, Response};

use crate::csrf::{
    Csrf, CsrfError, CsrfPolicy, FORM_LIMIT, HEADER, Judgement, Protected, form_token, is_form,
};
use crate::request::SessionHandle;

/// Refuses requests that pages of other sites send.
///
/// The rules are in [`csrf`](crate::csrf). Put it inside of the
/// [`SessionMiddleware`](crate::poem::SessionMiddleware). Routes that other sites or programs may
/// call stay outside of the endpoint that it is put around.
///
/// If the token of a form is needed, the form is read before the handler is called, up to 2 MiB.
///
/// ```
/// use poem::{EndpointExt, Route, handler, post};
/// use session_runtime::csrf::CsrfPolicy;
/// use session_runtime::poem::{CsrfMiddleware, SessionMiddleware};
/// # use session_runtime::{Keyring, Sessions, store::MemoryStore};
/// # let sessions =
/// #     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
///
/// #[handler]
/// fn pay() -> &'static str {
///     "paid"
/// }
///
/// /// A program calls it. It checks a signature, and uses no session.
/// #[handler]
/// fn webhook() -> &'static str {
///     "received"
/// }
///
/// let app = Route::new()
///     .at("/pay", post(pay).with(CsrfMiddleware::new(CsrfPolicy::new())))
///     .at("/webhook", post(webhook))
///     .with(SessionMiddleware::new(sessions));
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

impl<E: Endpoint> Middleware<E> for CsrfMiddleware {
    type Output = CsrfEndpoint<E>;

    fn transform(&self, inner: E) -> CsrfEndpoint<E> {
        CsrfEndpoint { inner, policy: self.policy.clone() }
    }
}

/// The endpoint that [`CsrfMiddleware`] makes.
#[derive(Debug)]
pub struct CsrfEndpoint<E> {
    inner: E,
    policy: CsrfPolicy,
}

impl<E: Endpoint> Endpoint for CsrfEndpoint<E> {
    type Output = E::Output;

    async fn call(&self, mut request: Request) -> poem::Result<E::Output> {
        match judge(&self.policy, &mut request)? {
            Judgement::Passes => {}
            Judgement::NeedsToken => check_token(&mut request).await?,
        }
        self.inner.call(request).await
    }
}

fn judge(policy: &CsrfPolicy, request: &mut Request) -> Result<Judgement, CsrfError> {
    // Asked of every request, so that the first one shows that middlewares are in the wrong order.
    handle(request)?;
    request.extensions_mut().insert(Protected);
    policy.judge_http(request.method(), request.uri(), request.headers())
}

async fn check_token(request: &mut Request) -> poem::Result<()> {
    let handle = handle(request)?.clone();
    let headers = request.headers();
    let token = headers.get(HEADER).cloned();
    if token.is_some() || !is_form(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes)) {
        return Ok(Csrf::check(&handle, token.as_ref().map(HeaderValue::as_bytes)).await?);
    }
    let form = request.take_body().into_bytes_limit(FORM_LIMIT).await?;
    Csrf::check(&handle, form_token(&form)).await?;
    request.set_body(form);
    Ok(())
}

fn handle(request: &Request) -> Result<&SessionHandle, CsrfError> {
    request.extensions().get::<SessionHandle>().ok_or_else(|| {
        CsrfError::missing_layer("add `.with(SessionMiddleware::new(..))` after `CsrfMiddleware`")
    })
}

impl<'a> FromRequest<'a> for Csrf {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let handle = match request.extensions().get::<Protected>() {
            Some(Protected) => handle(request),
            None => Err(CsrfError::missing_layer(
                "add `.with(session_runtime::poem::CsrfMiddleware::new(..))` to the routes",
            )),
        };
        Ok(Self::new(handle?.clone()).await?)
    }
}

impl ResponseError for CsrfError {
    fn status(&self) -> StatusCode {
        Self::status(self)
    }

    fn as_response(&self) -> Response {
        Self::status(self).into_response()
    }
}
