//! What operators ask.

use std::time::{Duration, Instant};

use http::HeaderValue;

use super::Sessions;
use crate::backend::ExplainedCookie;
use crate::cookie::read::CookieHeaders;
use crate::error::SessionError;

impl Sessions {
    /// Says of each session cookie in the `Cookie` headers of a request whether it leads to a live
    /// session, and if not, why: for those who find out why a visitor is signed out. The answer is
    /// empty if the headers have no cookie of the name.
    ///
    /// A request takes the first cookie that leads to a live session. To explain changes nothing: the
    /// session is not touched either.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use session_runtime::{Keyring, Refusal, Sessions, store::MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sessions = Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
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

    /// Asks the store for a session that does not exist, and answers how long that took: whether
    /// sessions can be served now, for the readiness check of a load balancer. Sessions in cookies ask
    /// their revocation, if they have one.
    ///
    /// It takes no longer than the store waits for its server.
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
