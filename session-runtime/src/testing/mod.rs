//! Help for tests of handlers (feature `testing`).
//!
//! | a test needs | |
//! | --- | --- |
//! | a visitor with a session | [`Sessions::issue`](crate::Sessions::issue) |
//! | several requests of one visitor, and what the session holds after them | [`CookieJar`] |
//! | time to pass | [`ManualClock`] |
//! | a store that fails | [`FaultyStore`] |
//! | to know whether a deploy can read the live sessions | [`assert_compatible`] |
//!
//! A test needs no server and no browser: it sends requests straight into the application. Below is
//! the same shop with its tests in each framework. The tests need:
//!
//! ```toml
//! [dev-dependencies]
//! session-runtime = { version = "0.1", features = ["testing"] }
//! tower = { version = "0.5", features = ["util"] } # with axum
//! ```
#![cfg_attr(feature = "axum", doc = concat!(
    "# With axum\n\n```\n",
    include_str!("../../tests/testing_kit/axum.rs"),
    "```\n",
))]
#![cfg_attr(feature = "actix", doc = concat!(
    "# With actix-web\n\n```\n",
    include_str!("../../tests/testing_kit/actix.rs"),
    "```\n",
))]
#![cfg_attr(feature = "poem", doc = concat!(
    "# With poem\n\n```\n",
    include_str!("../../tests/testing_kit/poem.rs"),
    "```\n",
))]

mod cookie_jar;
mod deploy;
mod faulty_store;
mod manual_clock;
#[cfg(test)]
mod tests;

pub use self::cookie_jar::CookieJar;
pub use self::deploy::assert_compatible;
pub use self::faulty_store::{Fault, FaultyStore, Operation};
pub use self::manual_clock::ManualClock;
