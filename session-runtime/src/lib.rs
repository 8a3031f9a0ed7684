//! Typed web sessions: your struct is the session.
//!
//! Derive [`SessionSchema`] on a struct, add one layer, and extract [`Session`] in handlers:
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # fn app() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, routing::get};
//! use session_runtime::{Keyring, Session, SessionSchema, Sessions};
//! use session_runtime::{axum::SessionLayer, store::MemoryStore};
//!
//! /// What this site remembers of a visitor.
//! #[derive(SessionSchema)]
//! struct Visit {
//!     /// Pages seen.
//!     #[session(counter)]
//!     counter: u64,
//!     theme: Option<String>,
//!     #[session(principal)]
//!     user_id: Option<u64>,
//!     #[session(flash)]
//!     notice: Option<String>,
//! }
//!
//! async fn index(session: Session<Visit>) -> String {
//!     let seen = session.add_counter(1); // merges with concurrent requests, never lost
//!     format!("You have visited this page {seen} times")
//! }
//!
//! async fn sign_in(session: Session<Visit>) {
//!     session.set_user_id(Some(7)); // renews the session id by itself
//!     session.flash_notice("Welcome back".to_owned()); // for the next page, once
//! }
//!
//! let sessions = Sessions::builder(MemoryStore::new())
//!     .keys(Keyring::from_base64(&Keyring::generate_base64()?)?)
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/", get(index))
//!     .route("/sign-in", get(sign_in))
//!     .layer(SessionLayer::new(sessions));
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! The schema is known at compile time, so everything else follows from it:
//!
//! - A key cannot be misspelt, given the wrong type, or used twice: that is a compile error.
//! - A save is a [patch](patch::Patch) of the fields that changed, applied atomically by the store.
//!   Concurrent requests of one visitor never lose each other's work, and a save never brings back
//!   a session that was ended.
//! - Nothing is read, written or sent that a request did not need: a handler that does not extract
//!   the session costs no lookup, and a visitor for whom nothing is stored gets no cookie.
//!
//! # Where to read on
//!
//! The [`guide`] is a tour, task by task, with pages for those who come from another library.
//!
//! | | |
//! | --- | --- |
//! | the attributes of a schema and its accessors | [`derive@SessionSchema`] |
//! | what can be done with a session | [`Session`] |
//! | configuration: keys, cookie, timeouts | [`Sessions`], [`SessionsBuilder`], [`Keyring`], [`CookieOptions`], [`AssuranceLevel`] |
//! | the stores, and writing another one | [`store`] |
//! | sessions in the cookie itself | [`CookieStore`], [`revocation`] |
//! | requests that other sites forge | [`csrf`] |
//! | what goes wrong and how it is answered | [`SessionError`] |
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
//! | `redis` | `store::RedisStore` for Redis and Valkey | |
//! | `redis-cluster` | `store::RedisClusterStore` for a cluster of them | |
//! | `webdis` | `store::WebdisStore` for Redis behind Webdis, over HTTP | |
//! | `postgres` | `store::PostgresStore`, for PostgreSQL 12 and later | |
//! | `mongodb` | `store::MongoStore`, for MongoDB | |
//! | `metrics` | counters and store latencies for the `metrics` facade: `metrics` has the table | |
//! | `conformance` | `conformance::run`: the rules of [`store::Store`], for your own store; `run_revocation` those of [`revocation::Revocation`] | |
//! | `testing` | `testing`: a cookie jar, a clock and a failing store for tests of handlers; and would a deploy strand live sessions? | |

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
// With the features that its pages use, where they are run as tests.
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

/// The README's examples, as tests.
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
