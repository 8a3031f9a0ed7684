//! What operators ask: why a cookie leads to no session, and whether the store answers.

use std::time::{Duration, Instant};

use http::HeaderValue;

use super::Sessions;
use crate::backend::ExplainedCookie;
use crate::cookie::read::CookieHeaders;
use crate::error::SessionError;

impl Sessions {
    /// Explains which session each cookie of a request leads to, or why to none.
    ///
    /// Use it to find out why a visitor is signed out. `cookie_headers` are the `Cookie` headers of
    /// the request. The answer has one entry for each cookie with the session cookie's name.
    ///
    /// A request uses the first cookie that leads to a live session. This call changes nothing, and
    /// does not extend the session.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use session_runtime::{Refusal, Sessions, store::MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = session_runtime::Keyring::new([[7; 32]])?;
    /// let sessions = Sessions::builder(MemoryStore::new()).keys(keys).build()?;
    /// let header = HeaderValue::from_static("theme=dark; __Host-id=abc");
    /// let cookies = sessions.explain([header]).await?;
    /// assert_eq!(cookies.len(), 1);
    /// assert_eq!(cookies[0].refusal, Some(Refusal::Malformed));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn explain(
        &self,
        cookie_headers: impl IntoIterator<Item = HeaderValue>,
    ) -> Result<Vec<ExplainedCookie>, SessionError> {
        let sent: CookieHeaders = cookie_headers.into_iter().collect();
        let config = self.config();
        Ok(config.backend.explain(config.cookie.name(), &sent).await?)
    }

    /// Checks that the store answers, and measures how long that takes.
    ///
    /// Use it for the readiness check of a load balancer. It asks the store for a session that does
    /// not exist. If sessions are in cookies, it asks their revocation. The call takes no longer
    /// than the store waits for its server.
    ///
    /// ```
    /// # use http::StatusCode;
    /// # use session_runtime::Sessions;
    /// async fn ready(sessions: &Sessions) -> StatusCode {
    ///     match sessions.health().await {
    ///         Ok(_) => StatusCode::OK,
    ///         Err(error) => error.status(), // 503
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn health(&self) -> Result<Duration, SessionError> {
        let began = Instant::now();
        self.config().backend.check().await?;
        Ok(began.elapsed())
    }
}
