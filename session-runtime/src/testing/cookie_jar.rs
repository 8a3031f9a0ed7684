//! A visitor's cookies, without a browser.

use std::fmt;
use std::time::Duration;

use cookie::Cookie;
use http::HeaderValue;

use crate::clock::Timestamp;
use crate::error::SessionError;
use crate::request::Session;
use crate::schema::SessionSchema;
use crate::sessions::Sessions;

/// A visitor's cookies, for tests of several requests.
///
/// It also shows the session that the cookies lead to.
///
/// [`keep`](Self::keep) adds cookies, and replaces those of the same name. A cookie whose `Max-Age`
/// or `Expires` has passed is gone; the clock of the sessions decides. A clone has a copy of the
/// cookies.
///
/// It is the jar of one site: `Path`, `Domain`, `Secure` and `SameSite` have no effect.
///
/// ```
/// use session_runtime::testing::CookieJar;
/// # use session_runtime::{Keyring, SessionSchema, Sessions, store::MemoryStore};
/// # #[derive(SessionSchema)]
/// # struct Visit {
/// #     #[session(principal)]
/// #     user_id: Option<u64>,
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sessions =
/// #     Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
/// let mut cookies = CookieJar::new(&sessions);
/// let issued = sessions.issue::<Visit>(|visit| visit.set_user_id(Some(7))).await?;
/// cookies.keep(issued.set_cookies());
///
/// let request = http::Request::get("/sign-out").header("cookie", cookies.header());
/// // Send it, and keep the answer: `cookies.keep(response.headers().get_all("set-cookie"))`.
/// # let _ = request;
/// cookies.keep(["__Host-id=; Path=/; Max-Age=0"]);
///
/// assert!(cookies.session::<Visit>().await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CookieJar {
    sessions: Sessions,
    /// The oldest first, as browsers send them.
    cookies: Vec<Kept>,
}

#[derive(Clone)]
struct Kept {
    name: String,
    value: String,
    expires: Option<Timestamp>,
}

impl CookieJar {
    /// Makes an empty jar for a visitor of these sessions.
    pub fn new(sessions: &Sessions) -> Self {
        Self { sessions: sessions.clone(), cookies: Vec::new() }
    }

    /// Sets and removes cookies, as a browser does with `Set-Cookie` headers.
    ///
    /// It takes the values of the headers: those of a response,
    /// `response.headers().get_all("set-cookie")`, or those of a session that was
    /// [issued](crate::Issued::set_cookies).
    ///
    /// # Panics
    ///
    /// If a value is not a cookie.
    #[track_caller]
    pub fn keep(&mut self, set_cookies: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        for set_cookie in set_cookies {
            let text = String::from_utf8_lossy(set_cookie.as_ref());
            let is_header = HeaderValue::from_bytes(text.as_bytes()).is_ok();
            match Cookie::parse(text.as_ref()) {
                Ok(cookie) if is_header => self.keep_one(&cookie),
                _ => panic!("{text:?} is not a cookie"),
            }
        }
    }

    fn keep_one(&mut self, cookie: &Cookie<'_>) {
        let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
        let kept = Kept { name, value, expires: self.expiry(cookie) };
        match self.cookies.iter_mut().find(|other| other.name == kept.name) {
            Some(other) => *other = kept,
            None => self.cookies.push(kept),
        }
    }

    fn expiry(&self, cookie: &Cookie<'_>) -> Option<Timestamp> {
        let seconds = |seconds: i64| Duration::from_secs(seconds.try_into().unwrap_or(0));
        match (cookie.max_age(), cookie.expires_datetime()) {
            (Some(age), _) => Some(self.sessions.now() + seconds(age.whole_seconds())),
            (None, Some(at)) => Some(Timestamp::from_millis(0) + seconds(at.unix_timestamp())),
            (None, None) => None,
        }
    }

    /// The value of the `Cookie` header of the next request.
    ///
    /// It is empty if there is no cookie. For a server that is the same as no header.
    pub fn header(&self) -> String {
        let pairs = self.live().map(|Kept { name, value, .. }| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Whether there is no cookie: none was set, or all have been removed or have expired.
    pub fn is_empty(&self) -> bool {
        self.live().next().is_none()
    }

    /// The session that the next request would find.
    ///
    /// It is `None` if nothing was stored for this visitor, or if the session was deleted or has
    /// expired.
    ///
    /// It shows what is stored now, and does not extend the session. Changes are saved only if the
    /// test [commits](Session::commit) them, like those of another request.
    ///
    /// # Errors
    ///
    /// If the store fails, or a stored value does not decode.
    pub async fn session<S: SessionSchema>(&self) -> Result<Option<Session<S>>, SessionError> {
        let cookies = HeaderValue::try_from(self.header());
        let cookies = cookies.expect("parts of headers make a header");
        let session = self.sessions.begin([cookies]).session::<S>().await?;
        Ok((!session.is_new()).then_some(session))
    }

    fn live(&self) -> impl Iterator<Item = &Kept> {
        let now = self.sessions.now();
        self.cookies.iter().filter(move |kept| kept.expires.is_none_or(|expires| now < expires))
    }
}

impl fmt::Debug for CookieJar {
    /// Shows the names of the cookies, never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.live().map(|kept| &kept.name)).finish()
    }
}
