//! What operators ask.

use http::HeaderValue;

use crate::cookie::read::CookieHeaders;
use crate::error::SessionError;
use crate::explain::ExplainedCookie;
use crate::sessions::Sessions;

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
        let core = self.core();
        Ok(core.keeper.explain(core.cookie.name(), &sent).await?)
    }
}
