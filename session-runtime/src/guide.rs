//! A tour of the library, task by task. The tests compile the code of each page, and run it if it
//! needs no server.
//!
//! | | |
//! | --- | --- |
//! | [`schema`] | what a session holds, and how to change that while sessions are live |
//! | [`accessors`] | reading and changing it: `set_`, `update_` or `add_` |
//! | [`flash`] | messages for the next page |
//! | [`login`] | signing in and out, "keep me signed in", devices |
//! | [`expiry`] | timeouts |
//! | [`stores`] | where sessions are kept, and writing a store |
//! | [`concurrency`] | requests of one visitor at the same time |
//! | [`testing`] | tests of handlers |
//! | [`deploying`] | keys, HTTPS, proxies, health, logs, metrics, rolling deploys |
//! | [`security`] | what the library does for you, and what you must do |
//!
//! For each framework: [`axum`], [`actix`], [`poem`], and [any tower service](tower), such as hyper
//! or tonic.
//!
//! Coming from [another library](coming_from): tower-sessions, actix-session, axum_session,
//! express-session and others.

macro_rules! pages {
    ($($page:ident)*) => {$(
        pub mod $page {
            #![doc = include_str!(concat!("guide/", stringify!($page), ".md"))]
        }
    )*};
}

pages! {
    schema accessors flash login expiry stores concurrency testing deploying security
    axum actix poem tower
    coming_from
}
