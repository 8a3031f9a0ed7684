//! Protection against cross-site request forgery (CSRF): off unless its layer is added.
//!
//! A browser sends cookies with every request to a site, whoever caused the request. So another site can
//! have the browser of a signed-in visitor post a form here. The layer refuses such a request with 403 and
//! an empty body before a handler sees it:
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
//!     "paid" // The request came from one of our pages.
//! }
//!
//! let sessions = Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
//! let app: Router = Router::new()
//!     .route("/pay", get(form).post(pay))
//!     .layer(CsrfLayer::new(CsrfPolicy::new())) // inside of the sessions, so above them
//!     .layer(SessionLayer::new(sessions));
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! On actix-web it is a middleware, and on poem it is called the same:
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
//!     "paid" // The request came from one of our pages.
//! }
//!
//! let sessions = Sessions::builder(MemoryStore::new()).keys(Keyring::new([[7; 32]])?).build()?;
//! let app = App::new()
//!     .wrap(CsrfMiddleware::new(CsrfPolicy::new())) // inside of the sessions, so above them
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
//! In this order; the first line that fits decides.
//!
//! | the request | |
//! | --- | --- |
//! | is GET, HEAD, OPTIONS or TRACE, and opens no websocket | passes |
//! | has an `Origin` that the policy [trusts](CsrfPolicy::trust_origin) | passes |
//! | has `Sec-Fetch-Site: same-origin` or `none` | passes |
//! | has any other `Sec-Fetch-Site` | is refused |
//! | has an `Origin` with the host of this request | passes |
//! | has any other `Origin`, `null` too | is refused |
//! | opens a websocket over HTTP/1.1 | passes: browsers name the origin of every websocket |
//! | has a token of this session, in the header `x-csrf-token` or the form field `csrf_token` | passes |
//! | has none, or that of another session | is refused |
//!
//! Scripts of other sites can forge none of these headers. Browsers of 2023 and later send
//! `Sec-Fetch-Site` over HTTPS and to `localhost`; older ones, and all of them over plain HTTP, send the
//! `Origin` of requests that are not GET. So a token is asked for where a very old browser, or something
//! between it and the server, sends neither; most requests need no token and no look at the session.
//! Programs that are no browsers send neither as well: give them routes without the layer, where they
//! identify themselves by something other than a cookie.
//!
//! # The token
//!
//! It is an HMAC of the session's id, so nothing is stored for it. It is good for as long as the session
//! keeps its id, in all tabs and on all servers that share the keys. When the session is
//! [renewed](crate::Session::renew), as when somebody signs in, tokens from before are dead. It looks
//! different in each response, so that the length of compressed responses tells nothing of it (BREACH).
//!
//! **Without a session there is no token.** A visitor for whom nothing is stored gets no record and no
//! cookie here either: [`Csrf::token`] is empty, and requests are judged by their headers alone. Where
//! browsers that send neither header must be able to sign in, begin a session on the page with the form,
//! by setting any field, and [commit](crate::Session::commit) before asking for the token.
//!
//! A form is read up to 2 MiB, and one that is longer is answered with 413. One that is sent as
//! `multipart/form-data` or compressed is not read: its token has to be in the header.
//!
//! # What `SameSite` does, and what it does not
//!
//! The session's cookie is `SameSite=Lax` by default: browsers do not send it with the forms of other
//! sites. That leaves
//!
//! - other hosts of the same registrable domain, which are the same *site*: a blog at
//!   `blog.example.com` can post to `shop.example.com`;
//! - requests that need no cookie: signing in with the attacker's account, or signing out, for
//!   [`destroy`](crate::Session::destroy) removes the cookie also when none was sent;
//! - cookies that have to be `SameSite=None`, and browsers that do not know the attribute.
//!
//! This module stops these. Nothing here helps against
//!
//! - scripts in your own pages (XSS): they can read the token;
//! - handlers of GET that change something: links carry the cookie, and pass;
//! - pages on the same host over plain `http://`, where there is no `Sec-Fetch-Site`: use HSTS.
//!
//! # Behind a reverse proxy
//!
//! `Origin` is compared with the `Host` that arrives (`:authority` in HTTP/2). A proxy has to pass it
//! on as it was (nginx: `proxy_set_header Host $http_host;`). Where it cannot, trust the site's public
//! origin. `X-Forwarded-Host` is not read. Pages with `Referrer-Policy: no-referrer` send `Origin: null`;
//! `same-origin` is as private towards others.
//!
//! # In tests
//!
//! A test's request passes with `sec-fetch-site: same-origin`, as a browser sends it from your pages.
//!
//! # Sources
//!
//! - [OWASP, Cross-Site Request Forgery Prevention Cheat Sheet](https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html)
//! - [RFC 6265bis](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis), section 8.8
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

/// Gives the token for the forms of a page. An extractor in axum, actix-web and poem.
///
/// It needs the layer around the handler: without it extraction fails, for a token that nobody checks
/// protects nothing.
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
    /// The token of this request's session. Loads the session. For adapters.
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

    /// The token: 64 characters of base64url, for the header `x-csrf-token` or a form field
    /// `csrf_token`. Empty while nothing is stored for the visitor.
    ///
    /// In a request that begins or renews the session, [commit](crate::Session::commit) first: until
    /// then the new id is not known.
    #[must_use]
    pub fn token(&self) -> String {
        let key = self.handle.stored_key();
        key.map(|key| self.handle.config().csrf.token(self.nonce, &key)).unwrap_or_default()
    }

    /// Whether `token` is one of this request's session. For adapters, where a request
    /// [needs](Judgement::NeedsToken) one.
    ///
    /// # Errors
    ///
    /// If it is not, or the session cannot be loaded.
    pub async fn check(handle: &SessionHandle, token: Option<&[u8]>) -> Result<(), CsrfError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err(CsrfError::token_missing());
        };
        // Nothing is loaded for what cannot be a token.
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

/// In the extensions of every request that passed the layer.
#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
#[derive(Clone, Copy)]
pub(crate) struct Protected;
