//! Sessions that live in the cookie itself.

use std::fmt;
use std::sync::Arc;

use crate::cookie::chunks::{Chunks, MAX_CHUNKS};
use crate::error::ConfigError;
use crate::revocation::{AnyRevocation, Revocation};

/// Keeps each session in the visitor's cookie: no server has to be asked, and none has to run.
///
/// [`sealed`](Self::sealed) is the choice for nearly every site: nobody but the server reads or changes
/// what is in the cookie (AES-256-GCM-SIV, RFC 8452). [`signed`](Self::signed) lets everybody read it.
///
/// ```
/// use session_runtime::{CookieStore, Keyring, Sessions};
///
/// let sessions = Sessions::builder(CookieStore::sealed())
///     .keys(Keyring::new([[7; 32]])?)
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
///
/// # What a cookie cannot do
///
/// - **Merge.** Each response carries the whole session, and the browser keeps the last one that
///   arrives. Of two requests at once that change a session, the work of one is lost, counters
///   included; a change that is taken back by a slow request stays taken back. Where that matters,
///   use a store.
/// - **Revoke.** A logout removes the cookie from this browser. Whoever copied it before can go on with
///   it until it expires, and a slow request that began before the logout brings it back.
///   [`revocation`](Self::revocation) closes this, at one round trip to read a session, one more to change it,
///   and another to renew it; of two requests at once that renew or end a session, only one does.
/// - **Forbid replay.** An old cookie brings the old content back: a message that was read, a
///   coupon that was used, a count of failed attempts. The idle timeout, which is sealed into the
///   cookie, limits for how long. Keep what must not be repeated in a database.
/// - **Hold much.** Browsers keep 4096 bytes a cookie, attributes included. A session that is larger
///   is an error ([`SessionError::is_too_large`](crate::SessionError::is_too_large)) that lists its
///   fields, and the old cookie stays. [`max_chunks`](Self::max_chunks) makes room.
/// - **Be listed.** [`Sessions::list`](crate::Sessions::list) answers an error; with a revocation,
///   [`delete_all`](crate::Sessions::delete_all) ends all sessions of a principal without knowing how
///   many there are: it answers 0.
/// - **Change after the response.** Data that a streaming response or a websocket changes later needs a cookie that cannot be
///   sent any more: [`Session::commit`](crate::Session::commit) answers an error.
///
/// A touch, which keeps a session alive that is only read, sends a cookie here.
#[derive(Clone)]
#[must_use = "give it to `Sessions::builder`"]
pub struct CookieStore {
    pub(crate) protection: Protection,
    max_chunks: usize,
    pub(crate) revocation: Option<AnyRevocation>,
}

/// What protects the content of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    Sealed,
    Signed,
}

impl CookieStore {
    /// Cookies that nobody but the server reads.
    pub fn sealed() -> Self {
        Self { protection: Protection::Sealed, max_chunks: 1, revocation: None }
    }

    /// Cookies that everybody can read and nobody but the server can change.
    ///
    /// The value is `base64url(content) "." base64url(HMAC-SHA256)`, without padding. The content is
    /// JSON: the fields are in `data`, `exp` is when the session expires, in milliseconds since the
    /// epoch. A script can only see it with [`CookieOptions::http_only(false)`](crate::CookieOptions::http_only).
    pub fn signed() -> Self {
        Self { protection: Protection::Signed, ..Self::sealed() }
    }

    /// Spreads sessions that are too large for one cookie over up to this many, 9 at most; 1 by
    /// default. Every request carries them all, and servers limit the size of all headers together,
    /// often to 8 KiB. A response that sets or removes the session has a header more, which removes what
    /// the response to another request at once may have set. Of several cookies with the name of one chunk
    /// only the first is read, so keep the `__Host-` prefix, with which no other host can add one.
    pub fn max_chunks(mut self, chunks: usize) -> Self {
        self.max_chunks = chunks;
        self
    }

    /// Lets the server end sessions, one or all of a principal: see [`Revocation`].
    ///
    /// An end is remembered for the longest absolute timeout. Where a deploy shortens that, older cookies
    /// expire with it; where it is made longer again, they come back, with those that were ended meanwhile.
    pub fn revocation(mut self, revocation: impl Revocation) -> Self {
        self.revocation = Some(Arc::new(revocation));
        self
    }

    pub(crate) fn chunks(&self) -> Result<Chunks, ConfigError> {
        match self.max_chunks {
            max @ 1..=MAX_CHUNKS => Ok(Chunks { max }),
            other => Err(ConfigError::new(format_args!(
                "`max_chunks` of a cookie store is from 1 to {MAX_CHUNKS}, not {other}"
            ))),
        }
    }
}

impl fmt::Debug for CookieStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieStore")
            .field("protection", &self.protection)
            .field("max_chunks", &self.max_chunks)
            .field("revocation", &self.revocation.is_some())
            .finish()
    }
}
