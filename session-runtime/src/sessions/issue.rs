//! Creating a session outside of a request.

use http::StatusCode;

use super::Sessions;
use crate::cookie::SetCookies;
use crate::error::{SessionError, SessionErrorKind};
use crate::id::StoreKey;
use crate::request::{CookieCommand, Session};
use crate::schema::SessionSchema;

/// A session that [`Sessions::issue`] has created, and its cookies.
///
/// ```
/// use session_runtime::{SessionError, SessionSchema, Sessions};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     #[session(principal)]
///     user_id: Option<u64>,
/// }
///
/// /// The end of a single sign-on. The caller has verified `state` and the provider's answer.
/// async fn callback(
///     sessions: &Sessions,
///     user: u64,
/// ) -> Result<http::response::Builder, SessionError> {
///     let issued = sessions.issue::<Visit>(|visit| visit.set_user_id(Some(user))).await?;
///     let mut response = http::Response::builder().status(303).header("location", "/");
///     for cookie in issued.set_cookies() {
///         response = response.header("set-cookie", cookie);
///     }
///     Ok(response)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Issued {
    id: StoreKey,
    cookies: SetCookies,
}

impl Issued {
    /// The key under which the session is stored. Its text is the [`Session::id`].
    pub fn id(&self) -> &StoreKey {
        &self.id
    }

    /// The values of the `Set-Cookie` headers that give the session to a browser.
    ///
    /// They are secret: anybody who has them has the session.
    pub fn set_cookies(&self) -> impl Iterator<Item = &str> {
        self.cookies.iter()
    }

    /// The value of the `Cookie` header of a browser that has the session.
    ///
    /// It is as secret as [`set_cookies`](Self::set_cookies).
    pub fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter().filter_map(|cookie| cookie.split(';').next());
        // A cookie without a value is one to remove.
        pairs.filter(|pair| !pair.ends_with('=')).collect::<Vec<_>>().join("; ")
    }
}

impl Sessions {
    /// Creates and saves a session outside of a request.
    ///
    /// Use it in tests of handlers, callbacks of single sign-on, and command line tools. `fill`
    /// sets the fields.
    ///
    /// ```
    /// # #[cfg(feature = "axum")]
    /// # async fn test(app: axum::Router, sessions: session_runtime::Sessions)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// # use session_runtime::SessionSchema;
    /// # use tower_service::Service;
    /// # let mut app = app;
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    /// }
    ///
    /// // A test of a page for users:
    /// let issued = sessions.issue::<Visit>(|visit| visit.set_user_id(Some(7))).await?;
    /// let request = http::Request::get("/account").header("cookie", issued.cookie_header());
    /// let response = app.call(request.body(axum::body::Body::empty())?).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Session::commit`], and if `fill` set nothing, because then there is no session.
    pub async fn issue<S: SessionSchema>(
        &self,
        fill: impl FnOnce(&Session<S>),
    ) -> Result<Issued, SessionError> {
        let handle = self.begin([]);
        let session = handle.session::<S>().await?;
        fill(&session);
        session.commit().await?;
        let id = session.id().and_then(|id| id.parse().ok());
        drop(session);
        let finished = handle.finish(StatusCode::OK).await;
        match (finished.error, finished.cookie, id) {
            (Some(error), ..) => Err(error),
            (None, CookieCommand::Set(cookies), Some(id)) => Ok(Issued { id, cookies }),
            (None, ..) => Err(SessionErrorKind::NothingIssued.into()),
        }
    }
}
