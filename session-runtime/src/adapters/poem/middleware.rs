//! The middleware that gives every request a session, and saves it.

use poem::{Endpoint, IntoResponse, Middleware, Request, Response};

use crate::cookie::read::CookieHeaders;
use crate::request::FinishGuard;
use crate::sessions::Sessions;

/// Gives every request a session.
///
/// Put it around the routes; an example is at [`poem`](crate::poem). Nested middlewares of one
/// [`Sessions`] share the session. If their [`Sessions`] differ, handlers see the session of the
/// inner middleware.
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
}

impl SessionMiddleware {
    /// A middleware of these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<E: Endpoint> Middleware<E> for SessionMiddleware {
    type Output = SessionEndpoint<E>;

    fn transform(&self, inner: E) -> SessionEndpoint<E> {
        SessionEndpoint { inner, sessions: self.sessions.clone() }
    }
}

/// The endpoint that [`SessionMiddleware`] makes.
#[derive(Debug)]
pub struct SessionEndpoint<E> {
    inner: E,
    sessions: Sessions,
}

impl<E: Endpoint> Endpoint for SessionEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let cookies = || CookieHeaders::of(request.headers());
        let begun = self.sessions.begin_inside(request.extensions().get(), cookies);
        let Some(handle) = begun else {
            return self.inner.call(request).await.map(IntoResponse::into_response);
        };
        request.extensions_mut().insert(handle.clone());
        let guard = FinishGuard::new(handle);
        let response = self.inner.call(request).await.map(IntoResponse::into_response);
        let status = match &response {
            Ok(response) => response.status(),
            Err(error) => error.status(),
        };
        let finished = guard.finish(status).await;
        if !finished.read {
            return response;
        }
        let mut response = response.unwrap_or_else(poem::Error::into_response);
        if let Some(error) = &finished.error {
            response = error.status().into_response();
        }
        finished.append_to(response.headers_mut());
        Ok(response)
    }
}
