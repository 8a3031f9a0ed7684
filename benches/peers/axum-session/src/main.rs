//! axum_session: in memory, as it ships and with signed cookies, and with its stores for Redis and
//! SQLite.

mod app;

use axum_session::{Key, SessionConfig, SessionNullPool, SessionStore};
use axum_session_redispool::SessionRedisPool;
use axum_session_sqlx::SessionSqlitePool;
use bench_worker::place::Place;
use bench_worker::{Error, serve};
use redis_pool::RedisPool;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let place = Place::from_args()?;
    let config = SessionConfig::default();
    match place.application.as_str() {
        "memory" => run(None::<SessionNullPool>, config).await,
        "memory-signed" => run(None::<SessionNullPool>, config.with_key(Key::from(&[7; 64]))).await,
        "redis" => {
            let pool = RedisPool::from(redis::Client::open(place.store()?)?);
            run(Some(SessionRedisPool::from(pool)), config).await
        }
        "sqlite-wal" => {
            let options = SqliteConnectOptions::new().filename(place.store()?);
            let options = options.journal_mode(SqliteJournalMode::Wal).create_if_missing(true);
            let options = options.synchronous(SqliteSynchronous::Full);
            let pool = SqlitePool::connect_with(options).await?;
            run(Some(SessionSqlitePool::from(pool)), config).await
        }
        _ => Err(place.unknown()),
    }
}

async fn run<P: app::Pool>(pool: Option<P>, config: SessionConfig) -> Result<(), Error> {
    serve(app::app(SessionStore::new(pool, config).await?)).await
}
