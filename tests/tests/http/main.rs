//! The HTTP scenarios: written once, run over every framework and store.
//!
//! On poem they run only over the cookie and the stores that need no server. Stores know nothing of
//! frameworks, and two frameworks already run on every store.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod browser;
mod server;

/// Defines one test of a scenario for each framework and store. A scenario that is impossible with
/// sessions in cookies is marked `#[store_only]`, with the reason.
macro_rules! scenario {
    (
        $(#[doc = $doc:literal])*
        $(#[server($($argument:literal),*)])?
        $(#[store_only($reason:literal)])?
        async fn $name:ident($server:ident: &Server) $body:block
    ) => {
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn run($server: &Server) $body

            async fn on(framework: Framework, store: Store) {
                if store.is_left_out() {
                    return;
                }
                run(&Server::start(framework, store, &[$($($argument),*)?])).await;
            }

            on_cookies!($($reason)?);

            #[tokio::test]
            async fn axum_memory() {
                on(Framework::Axum, Store::Memory).await;
            }

            #[tokio::test]
            async fn axum_sqlite() {
                on(Framework::Axum, Store::Sqlite).await;
            }

            #[tokio::test]
            async fn axum_redis() {
                on(Framework::Axum, Store::Redis).await;
            }

            #[tokio::test]
            async fn actix_redis() {
                on(Framework::Actix, Store::Redis).await;
            }

            #[tokio::test]
            async fn axum_redis_cluster() {
                on(Framework::Axum, Store::RedisCluster).await;
            }

            #[tokio::test]
            async fn actix_redis_cluster() {
                on(Framework::Actix, Store::RedisCluster).await;
            }

            #[tokio::test]
            async fn axum_webdis() {
                on(Framework::Axum, Store::Webdis).await;
            }

            #[tokio::test]
            async fn actix_webdis() {
                on(Framework::Actix, Store::Webdis).await;
            }

            #[tokio::test]
            async fn axum_mongodb() {
                on(Framework::Axum, Store::MongoDb).await;
            }

            #[tokio::test]
            async fn actix_mongodb() {
                on(Framework::Actix, Store::MongoDb).await;
            }

            #[tokio::test]
            async fn axum_postgres() {
                on(Framework::Axum, Store::Postgres).await;
            }

            #[tokio::test]
            async fn actix_postgres() {
                on(Framework::Actix, Store::Postgres).await;
            }

            #[tokio::test]
            async fn actix_memory() {
                on(Framework::Actix, Store::Memory).await;
            }

            #[tokio::test]
            async fn actix_sqlite() {
                on(Framework::Actix, Store::Sqlite).await;
            }

            #[tokio::test]
            async fn poem_memory() {
                on(Framework::Poem, Store::Memory).await;
            }

            #[tokio::test]
            async fn poem_sqlite() {
                on(Framework::Poem, Store::Sqlite).await;
            }
        }
    };
}

/// The tests with sessions in cookies, unless there is such a reason.
macro_rules! on_cookies {
    ($reason:literal) => {};
    () => {
        #[tokio::test]
        async fn axum_cookie() {
            on(Framework::Axum, Store::Cookie).await;
        }

        #[tokio::test]
        async fn actix_cookie() {
            on(Framework::Actix, Store::Cookie).await;
        }

        #[tokio::test]
        async fn poem_cookie() {
            on(Framework::Poem, Store::Cookie).await;
        }
    };
}

mod concurrency;
mod cookie_store;
mod cookies;
mod csrf;
mod expiry;
mod failure;
mod flash;
mod login;
mod outages;
mod postgres;
mod redis;
mod redis_cluster;
mod restart;
mod visits;
