//! Protection against cross-site request forgery (CSRF). It is off unless you add its layer.
//!
//! A browser sends cookies with every request to a site, whichever site caused it. So another site
//! can make the browser of a signed-in visitor post a form here. The layer refuses such a request
//! with 403 and an empty body, before a handler sees it:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # fn app() -> Result<(), session_runtime::ConfigError> {
//! use axum::{Router, response::Html, routing::get};
//! use session_runtime::axum::{CsrfLayer, SessionLayer};
//! use session_runtime::csrf::{Csrf, CsrfPolicy};
//! use session_runtime::{Keyring, Sessions, store::MemoryStore};
//!
//! async fn form(csrf: Csrf) -> Html<String> {
//!     Html(format!(
//!         r#"<form method="post"><input type="hidden" name="csrf_token" value="{}">
//!            <button>Pay</button></form>"#,
//!         csrf.token()
//!     ))
//! }
//!
//! async fn pay() -> &'static str {
//!     "paid" // One of our own pages sent the request.
//! }
//!
//! let sessions =
//!     Sessions::builder(MemoryStore::new()).keys(Keyring::from_env("SESSION_KEYS")?).build()?;
//! let app: Router = Router::new()
//!     .route("/pay", get(form).post(pay))
//!     .layer(CsrfLayer::new(CsrfPolicy::new())) // before `SessionLayer`, so it runs inside of it
//!     .layer(SessionLayer::new(sessions));
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! On actix-web it is a middleware. On poem it has the same name:
//!
//! ```
//! # #[cfg(feature = "actix")]
//! # fn app() -> Result<(), session_runtime::ConfigError> {
//! use actix_web::{App, HttpResponse, web};
//! use session_runtime::actix::{CsrfMiddleware, SessionMiddleware};
//! use session_runtime::csrf::{Csrf, CsrfPolicy};
//! use session_runtime::{Keyring, Sessions, store::MemoryStore};
//!
//! async fn form(csrf: Csrf) -> HttpResponse {
//!     HttpResponse::Ok().content_type("text/html").body(format!(
//!         r#"<form method="post"><input type="hidden" name="csrf_token" value="{}">
//!            <button>Pay</button></form>"#,
//!         csrf.token()
//!     ))
//! }
//!
//! async fn pay() -> &'static str {
//!     "paid" // One of our own pages sent the request.
//! }
//!
//! let sessions =
//!     Sessions::builder(MemoryStore::new()).keys(Keyring::from_env("SESSION_KEYS")?).build()?;
//! let app = App::new()
//!     .wrap(CsrfMiddleware::new(CsrfPolicy::new())) // before `SessionMiddleware`, so it runs inside of it
//!     .wrap(SessionMiddleware::new(sessions))
//!     .route("/pay", web::get().to(form))
//!     .route("/pay", web::post().to(pay));
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! # What is checked
//!
//! The first line that fits a request decides.
//!
//! | the request | |
//! | --- | --- |
//! | is GET, HEAD, OPTIONS or TRACE, and opens no websocket | passes |
//! | has an `Origin` that the policy [trusts](CsrfPolicy::trust_origin) | passes |
//! | has `Sec-Fetch-Site: same-origin` or `none` | passes |
//! | has any other `Sec-Fetch-Site` | is refused |
//! | has an `Origin` with the host of this request | passes |
//! | has any other `Origin`, also `null` | is refused |
//! | opens a websocket over HTTP/1.1 | passes: browsers name the origin of every websocket |
//! | has a token of this session, in the header `x-csrf-token` or the form field `csrf_token` | passes |
//! | has no token, or one of another session | is refused |
//!
//! Scripts of other sites can forge none of these headers. Browsers since 2023 send
//! `Sec-Fetch-Site` over HTTPS and to `localhost`. Older browsers, and all of them over plain HTTP,
//! send the `Origin` of requests that are not GET.
//!
//! So most requests need no token, and the session is not loaded for them. A token is needed only
//! if a very old browser, or something between it and the server, sends neither header. Programs
//! that are not browsers send neither header either. Give them routes without the layer, where they
//! identify themselves by something other than a cookie.
//!
//! # The token
//!
//! The token is an HMAC of the session's id, so nothing is stored for it. It is valid while the
//! session keeps its id, in all tabs and on all servers that share the keys. A
//! [renewal](crate::Session::renew), as at a sign-in, makes earlier tokens invalid. The token looks
//! different in each response. So the length of compressed responses tells nothing about it
//! (BREACH).
//!
//! **Without a session there is no token.** A visitor for whom nothing is stored gets no record and
//! no cookie here either. [`Csrf::token`] is empty then, and requests are judged only by their
//! headers. If browsers that send neither header must be able to sign in, start a session on the
//! page with the form: set any field, and [commit](crate::Session::commit) before you ask for the
//! token.
//!
//! A form is read up to 2 MiB. A longer one is answered with 413. A form that is sent as
//! `multipart/form-data` or compressed is not read. Send its token in the header.
//!
//! # What `SameSite` does, and what it does not
//!
//! The session's cookie is `SameSite=Lax` by default: browsers do not send it with the forms of
//! other sites. That leaves three gaps, which this module closes:
//!
//! - Other hosts of the same registrable domain are the same *site*: a blog at `blog.example.com`
//!   can post to `shop.example.com`.
//! - Some attacks need no cookie: signing a visitor in with the attacker's account, or out. A
//!   sign-out needs none because [`destroy`](crate::Session::destroy) removes the cookie in any
//!   case.
//! - Some cookies have to be `SameSite=None`, and some browsers do not know the attribute.
//!
//! Nothing here helps against:
//!
//! - scripts in your own pages (XSS), because they can read the token;
//! - handlers of GET that change something, because links carry the cookie and pass;
//! - pages on the same host over plain `http://`, where there is no `Sec-Fetch-Site`: use HSTS.
//!
//! # Behind a reverse proxy
//!
//! `Origin` is compared with the `Host` that arrives (`:authority` in HTTP/2). A proxy must pass it
//! on unchanged (nginx: `proxy_set_header Host $http_host;`). If it cannot,
//! [trust](CsrfPolicy::trust_origin) the site's public origin. `X-Forwarded-Host` is not read.
//!
//! Pages with `Referrer-Policy: no-referrer` send `Origin: null`, which is refused. `same-origin`
//! tells other sites no more.
//!
//! # In tests
//!
//! A request of a test passes with `sec-fetch-site: same-origin`, which browsers send from your
//! pages.
//!
//! # Sources
//!
//! - [OWASP, Cross-Site Request Forgery Prevention Cheat
//!   Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html)
//! - [RFC 6265bis](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis), section
//!   8.8
//! - [Fetch Metadata Request Headers](https://www.w3.org/TR/fetch-metadata/), and the
//!   [`Origin` header](https://fetch.spec.whatwg.org/#origin-header) in the Fetch standard
//! - RFC 6455, section 10.2: the origin of websockets

mod error;
mod form;
mod policy;

use std::fmt;

use crate::crypto::csrf_token::{Nonce, Token};
use crate::error::SessionErrorKind;
use crate::request::SessionHandle;

pub use self::error::CsrfError;
#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
pub(crate) use self::form::FORM_LIMIT;
pub use self::form::{form_token, is_form};
pub use self::policy::{CsrfPolicy, Judgement};

/// The request header that may hold the token.
#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
pub(crate) const HEADER: &str = "x-csrf-token";

/// Gives the token for the forms of a page.
///
/// It is an extractor in axum, actix-web and poem. Extraction fails without the CSRF layer around
/// the handler, because a token that nobody checks protects nothing.
///
/// ```
/// use session_runtime::csrf::Csrf;
///
/// async fn form(csrf: Csrf) -> String {
///     format!(r#"<input type="hidden" name="csrf_token" value="{}">"#, csrf.token())
/// }
/// ```
#[derive(Clone)]
pub struct Csrf {
    handle: SessionHandle,
    nonce: Nonce,
}

impl Csrf {
    /// Loads the session, so that its token is known, for adapters.
    ///
    /// # Errors
    ///
    /// If the session cannot be loaded, or the operating system gives no random bytes.
    pub async fn new(handle: SessionHandle) -> Result<Self, CsrfError> {
        handle.load().await.map_err(CsrfError::session)?;
        let mut nonce = Nonce::default();
        getrandom::fill(&mut nonce)
            .map_err(|error| CsrfError::session(SessionErrorKind::Random(error)))?;
        Ok(Self { handle, nonce })
    }

    /// The token for the header `x-csrf-token` or the form field `csrf_token`.
    ///
    /// It has 64 characters of base64url, which need no escaping in HTML. It is empty while nothing
    /// is stored for the visitor.
    ///
    /// In a request that creates or renews the session, [commit](crate::Session::commit) first.
    /// Before that, the new id is not known.
    #[must_use]
    pub fn token(&self) -> String {
        let key = self.handle.stored_key();
        key.map(|key| self.handle.config().csrf.token(self.nonce, &key)).unwrap_or_default()
    }

    /// Checks that `token` belongs to the request's session, for adapters.
    ///
    /// They ask only if the request [needs a token](Judgement::NeedsToken). An example is at
    /// [`CsrfPolicy::judge`].
    ///
    /// # Errors
    ///
    /// If the token is missing or belongs to another session, or the session cannot be loaded.
    pub async fn check(handle: &SessionHandle, token: Option<&[u8]>) -> Result<(), CsrfError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(CsrfError::token_missing());
        };
        // The session is not loaded if the text cannot be a token.
        let token = Token::parse(token).ok_or_else(CsrfError::token_wrong)?;
        handle.load().await.map_err(CsrfError::session)?;
        let is_right =
            handle.stored_key().is_some_and(|key| handle.config().csrf.is_of(&token, &key));
        is_right.then_some(()).ok_or_else(CsrfError::token_wrong)
    }
}

impl fmt::Debug for Csrf {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csrf").finish_non_exhaustive()
    }
}

/// Marks a request, in its extensions, that a CSRF layer has judged.
#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
#[derive(Clone, Copy)]
pub(crate) struct Protected;
