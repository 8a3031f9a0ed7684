//! The layer that gives every request a session, and saves it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::cookie::read::CookieHeaders;
use crate::request::{End, FinishGuard, Finished};
use crate::sessions::Sessions;

/// Gives every request a session.
///
/// Add it after the routes; an example is at [`axum`](crate::axum). Nested layers of one
/// [`Sessions`] share the session. If their [`Sessions`] differ, handlers see the session of the
/// inner layer.
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
}

impl SessionLayer {
    /// A layer of these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { inner, sessions: self.sessions.clone() }
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let cookies = || CookieHeaders::of(request.headers());
        let begun = self.sessions.begin_inside(request.extensions().get(), cookies);
        if let Some(handle) = &begun {
            request.extensions_mut().insert(handle.clone());
        }
        let guard = FinishGuard::of(begun);
        ResponseFuture { inner: self.inner.call(request), guard, finishing: None }
    }
}

pin_project! {
    /// The future of [`SessionService`]: waits for the inner response, then saves the session.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B> {
        #[pin]
        inner: F,
        guard: FinishGuard,
        // Boxed, because it is needed only if the store must be asked, and futures are moved often.
        finishing: Option<Pin<Box<Finishing<B, dyn Future<Output = Finished> + Send>>>>,
    }
}

pin_project! {
    struct Finishing<B, S: ?Sized> {
        // Taken once the session is saved.
        response: Option<Response<B>>,
        #[pin]
        saving: S,
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let finishing = match this.finishing {
            Some(finishing) => finishing,
            None => {
                let mut polled = this.inner.poll(cx);
                let Poll::Ready(Ok(response)) = &mut polled else { return polled };
                match this.guard.end(response.status()) {
                    End::Untouched => return polled,
                    // The response is changed in place, because moving it costs time.
                    End::Finished(finished) => {
                        answer(response, finished);
                        return polled;
                    }
                    End::Unsaved(unsaved) => {
                        let response = Some(ready!(polled)?);
                        let saving = unsaved.save();
                        this.finishing.insert(Box::pin(Finishing { response, saving }))
                    }
                }
            }
        };
        let finishing = finishing.as_mut().project();
        let finished = ready!(finishing.saving.poll(cx));
        if let Some(response) = finishing.response {
            answer(response, finished);
        }
        match finishing.response.take() {
            Some(response) => Poll::Ready(Ok(response)),
            None => panic!("a response future was polled after it was done"),
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Adds the session's headers to the response. If the session failed, the response is an empty one.
fn answer<B: Default>(response: &mut Response<B>, finished: Finished) {
    if let Some(error) = &finished.error {
        *response = Response::default();
        *response.status_mut() = error.status();
    }
    finished.append_to(response.headers_mut());
}
