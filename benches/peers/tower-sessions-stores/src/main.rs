//! tower-sessions with its stores for Redis and SQLite, the latter as it ships and in WAL mode.

#[path = "../../tower-sessions/src/app.rs"]
mod app;

use bench_worker::place::Place;
use bench_worker::{Error, serve};
use tower_sessions::SessionManagerLayer;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::SqliteStore;
use tower_sessions_sqlx_store::sqlx::SqlitePool;
use tower_sessions_sqlx_store::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let place = Place::from_args()?;
    match place.application.as_str() {
        "redis" => {
            // As its documentation shows.
            let pool = Pool::new(Config::from_url(place.store()?)?, None, None, None, 6)?;
            let _connected = pool.connect();
            pool.wait_for_connect().await?;
            serve(app::app(SessionManagerLayer::new(RedisStore::new(pool)))).await
        }
        "sqlite" => sqlite(SqliteConnectOptions::new().filename(place.store()?)).await,
        "sqlite-wal" => {
            let options = SqliteConnectOptions::new().filename(place.store()?);
            let options = options.journal_mode(SqliteJournalMode::Wal);
            sqlite(options.synchronous(SqliteSynchronous::Full)).await
        }
        _ => Err(place.unknown()),
    }
}

async fn sqlite(options: SqliteConnectOptions) -> Result<(), Error> {
    let pool = SqlitePool::connect_with(options.create_if_missing(true)).await?;
    let store = SqliteStore::new(pool);
    store.migrate().await?;
    serve(app::app(SessionManagerLayer::new(store))).await
}
