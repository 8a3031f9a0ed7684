//! Sessions that live in the cookie itself.

use std::fmt;
use std::sync::Arc;

use crate::cookie::chunks::{Chunks, MAX_CHUNKS};
use crate::error::ConfigError;
use crate::revocation::{AnyRevocation, Revocation};

/// Keeps each session in the visitor's cookie: no server is asked, and none has to run.
///
/// [`sealed`](Self::sealed) fits nearly every site: only the server can read and change the content
/// (AES-256-GCM-SIV, RFC 8452). With [`signed`](Self::signed) everybody can read it.
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
/// - **Merge.** Each response carries the whole session, and the browser keeps the one that arrives
///   last. If two requests change a session at the same time, the changes of one are lost, counters
///   included. A slow request can undo a later change. Use a store if that matters.
/// - **Revoke.** A logout removes the cookie from this browser. A copy of the cookie stays valid
///   until it expires, and a slow request that began before the logout brings the session back. A
///   [`revocation`](Self::revocation) prevents both. It costs one round trip to read a session, one
///   more to change it, and another to renew it. If two requests renew or end a session at the same
///   time, only one succeeds.
/// - **Forbid replay.** An old cookie brings the old content back: a message that was read, a
///   coupon that was used, a count of failed attempts. The idle timeout, which is sealed into the
///   cookie, limits how long. Keep in a database what must not be repeated.
/// - **Hold much.** Browsers keep 4096 bytes for each cookie, attributes included. A larger session
///   is an error ([`SessionError::is_too_large`](crate::SessionError::is_too_large)) that lists its
///   fields, and the old cookie stays. [`max_chunks`](Self::max_chunks) allows several cookies.
/// - **Be listed.** [`Sessions::list`](crate::Sessions::list) answers an error. With a revocation,
///   [`delete_all`](crate::Sessions::delete_all) ends all sessions of a principal. Nobody knows how
///   many there are, so it answers 0.
/// - **Change after the response.** If a streaming response or a websocket changes data later, a
///   new cookie cannot be sent: [`Session::commit`](crate::Session::commit) answers an error.
///
/// A touch extends a session that is only read. Here it sends a cookie.
#[derive(Clone)]
#[must_use = "give it to `Sessions::builder`"]
pub struct CookieStore {
    pub(super) sealed: bool,
    max_chunks: usize,
    pub(super) revocation: Option<AnyRevocation>,
}

impl CookieStore {
    /// Cookies that only the server can read.
    pub fn sealed() -> Self {
        Self { sealed: true, max_chunks: 1, revocation: None }
    }

    /// Cookies that everybody can read and only the server can change.
    ///
    /// The value is `base64url(content) "." base64url(HMAC-SHA256)`, without padding. The content
    /// is JSON: the fields are in `data`, `exp` is when the session expires, in milliseconds since
    /// the epoch. A script can only see it with
    /// [`CookieOptions::http_only(false)`](crate::CookieOptions::http_only).
    pub fn signed() -> Self {
        Self { sealed: false, ..Self::sealed() }
    }

    /// Spreads a session that is too large for one cookie over up to this many: 1 to 9, by default
    /// 1.
    ///
    /// Every request carries all of them, and servers limit the size of all headers together, often
    /// to 8 KiB. A response that sets or removes the session has one more header: it removes a
    /// cookie that the response to a concurrent request may have set. If several cookies have the
    /// name of one chunk, only the first is read. So keep the `__Host-` prefix: with it no other
    /// host can add a cookie.
    pub fn max_chunks(mut self, chunks: usize) -> Self {
        self.max_chunks = chunks;
        self
    }

    /// Lets the server end sessions, one or all of a principal: see [`Revocation`].
    ///
    /// A revocation is kept for the longest absolute timeout. If a deploy shortens that timeout,
    /// older cookies expire earlier. If a later deploy extends it, they are valid again, and so are
    /// those that were ended meanwhile.
    pub fn revocation(mut self, revocation: impl Revocation) -> Self {
        self.revocation = Some(Arc::new(revocation));
        self
    }

    pub(super) fn chunks(&self) -> Result<Chunks, ConfigError> {
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
            .field("sealed", &self.sealed)
            .field("max_chunks", &self.max_chunks)
            .field("revocation", &self.revocation.is_some())
            .finish()
    }
}
