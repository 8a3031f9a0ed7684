//! Typed web sessions: your struct is the session.
//!
//! Derive [`SessionSchema`] on a struct, add one layer, and extract [`Session`] in handlers:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # fn app() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Form, Router, response::Redirect, routing::{get, post}};
//! use serde::Deserialize;
//! use session_runtime::axum::{CsrfLayer, SessionLayer};
//! use session_runtime::{Keyring, Session, SessionError, SessionHandle, SessionSchema, Sessions};
//! use session_runtime::{csrf::CsrfPolicy, store::MemoryStore};
//!
//! /// What this site remembers of a visitor.
//! #[derive(SessionSchema)]
//! struct Visit {
//!     /// Pages seen.
//!     #[session(counter)]
//!     counter: u64,
//!     theme: Option<String>,
//!     /// Who is signed in.
//!     #[session(principal)]
//!     user_id: Option<u64>,
//!     #[session(flash, into)]
//!     notice: Option<String>,
//! }
//!
//! async fn index(session: Session<Visit>) -> String {
//!     let notice = session.take_notice().unwrap_or_default(); // is shown once
//!     let seen = session.add_counter(1); // the store adds it, so no request's count is lost
//!     format!("{notice}\nYou have visited this page {seen} times")
//! }
//!
//! #[derive(Deserialize)]
//! struct Credentials {
//!     name: String,
//!     password: String,
//! }
//!
//! async fn sign_in(session: Session<Visit>, Form(form): Form<Credentials>) -> Redirect {
//!     let Some(user) = check_password(&form.name, &form.password).await else {
//!         session.flash_notice("Wrong name or password.");
//!         return Redirect::to("/");
//!     };
//!     if session.user_id().is_some_and(|other| other != user) {
//!         session.destroy(); // keeps nothing of another user
//!     }
//!     session.set_user_id(Some(user)); // also gives the session a new id
//!     session.flash_notice("Welcome back.");
//!     Redirect::to("/")
//! }
//!
//! // `SessionHandle` works even if a stored value does not decode.
//! async fn sign_out(session: SessionHandle) -> Result<Redirect, SessionError> {
//!     session.destroy().await?;
//!     Ok(Redirect::to("/"))
//! }
//!
//! # async fn check_password(_: &str, _: &str) -> Option<u64> { None }
//! let sessions = Sessions::builder(MemoryStore::new())
//!     .keys(Keyring::from_env("SESSION_KEYS")?)
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/", get(index))
//!     .route("/sign-in", post(sign_in))
//!     .route("/sign-out", post(sign_out))
//!     .layer(CsrfLayer::new(CsrfPolicy::new())) // other sites can sign nobody in or out
//!     .layer(SessionLayer::new(sessions));
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! You write `check_password`: it verifies the hash in your database, and counts wrong passwords
//! there.
//!
//! The schema is known at compile time, so everything else follows from it:
//!
//! - It is a compile error to misspell a key, to give it the wrong type, or to use it twice.
//! - A save is a [patch](patch::Patch) of the fields that changed, which the store applies
//!   atomically. So requests that run at the same time do not lose each other's changes, and a save
//!   never brings back a deleted session.
//! - Nothing is read, written or sent that a request does not need. A handler that does not extract
//!   the session costs no lookup. A visitor for whom nothing is stored gets no cookie.
//!
//! A getter shows the value as this request sees it: as loaded, with its own changes. `add_counter`
//! answers such a value too, so requests at the same time may all see the same number. No limit may
//! depend on it.
//!
//! Sessions that a [`CookieStore`] keeps in the cookie are different: the last answer wins, and
//! only a [`revocation`] keeps a deleted session from coming back.
//!
//! # Where to read on
//!
//! The [`guide`] is a tour, task by task. It has pages for those who come from another library.
//!
//! | | |
//! | --- | --- |
//! | the attributes of a schema and its accessors | [`derive@SessionSchema`] |
//! | what you can do with a session | [`Session`] |
//! | configuration: keys, cookie, timeouts | [`Sessions`], [`SessionsBuilder`], [`Keyring`], [`CookieOptions`], [`AssuranceLevel`] |
//! | the stores, and how to write another one | [`store`] |
//! | sessions in the cookie itself | [`CookieStore`], [`revocation`] |
//! | requests that other sites forge | [`csrf`] |
//! | what can fail, and how it is answered | [`SessionError`] |
//! | what operators see and ask | [`SessionsBuilder::on_event`], [`Sessions::health`], [`Sessions::explain`], `metrics` |
//! | another framework | [`SessionHandle`] |
//! | tests of your handlers | `testing`, with the feature of that name |
//!
//! # Features
//!
//! | feature | what it adds | default |
//! | --- | --- | --- |
//! | `derive` | `#[derive(SessionSchema)]` | yes |
//! | `axum` | the layer for axum and every tower service, the axum extractors | |
//! | `actix` | the middleware and extractors for actix-web | |
//! | `poem` | the middleware and extractors for poem | |
//! | `sqlite` | `store::SqliteStore`, with SQLite compiled in | |
//! | `redis` | `store::RedisStore`, for Redis and Valkey | |
//! | `redis-cluster` | `store::RedisClusterStore`, for a cluster of them | |
//! | `webdis` | `store::WebdisStore`, for Redis behind Webdis, over HTTP | |
//! | `postgres` | `store::PostgresStore`, for PostgreSQL 12 and later | |
//! | `mongodb` | `store::MongoStore`, for MongoDB | |
//! | `metrics` | counters and store latencies through the crate `metrics`; the module `metrics` lists them | |
//! | `conformance` | `conformance`: tests whether your own [`store::Store`] or [`revocation::Revocation`] keeps the rules | |
//! | `testing` | `testing`: a cookie jar, a clock and a failing store for tests of handlers, and a test that a deploy still reads live sessions | |

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
mod adapters;
mod backend;
mod base64url;
mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod cookie;
mod crypto;
pub mod csrf;
mod error;
// As tests, its pages need all features that they use.
#[cfg(all(
    doc,
    any(
        not(doctest),
        all(
            feature = "actix",
            feature = "axum",
            feature = "conformance",
            feature = "derive",
            feature = "poem",
            feature = "postgres",
            feature = "redis",
            feature = "sqlite",
            feature = "testing",
        )
    )
))]
pub mod guide;
mod id;
pub mod patch;
pub mod record;
mod request;
pub mod revocation;
mod schema;
mod sessions;
pub mod store;
mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(feature = "actix")]
pub use self::adapters::actix;
#[cfg(feature = "axum")]
pub use self::adapters::axum;
#[cfg(feature = "poem")]
pub use self::adapters::poem;
pub use self::backend::{Backend, CookieStore, ExplainedCookie};
pub use self::clock::{Clock, SystemClock, Timestamp};
pub use self::cookie::{CookieOptions, CookiePrefix, SameSite, SetCookies};
pub use self::crypto::{Keyring, Refusal};
pub use self::error::{ConfigError, SessionError};
pub use self::id::StoreKey;
pub use self::request::{
    AssuranceLevel, CookieCommand, FinishGuard, Finished, OnGone, Session, SessionHandle,
};
pub use self::schema::{IntoOption, PrincipalSchema, Schemas, SessionSchema};
pub use self::sessions::{Issued, Sessions, SessionsBuilder, Sweeper};
pub use self::telemetry::SessionEvent;
#[cfg(feature = "metrics")]
pub use self::telemetry::metrics;
#[cfg(feature = "derive")]
pub use session_derive::SessionSchema;

/// Runs the README's examples as tests.
#[cfg(all(
    doctest,
    feature = "derive",
    feature = "axum",
    feature = "actix",
    feature = "poem",
    feature = "sqlite",
    feature = "conformance",
    feature = "testing"
))]
#[doc = include_str!("../README.md")]
struct Readme;
