//! One SQLite file for sessions and for what the application keeps with sqlx.

use session_runtime::{CookieCommand, Keyring, SessionSchema, Sessions, store};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: compat FILE")?;
    let url = format!("sqlite:{file}");
    let keys = Keyring::from_base64(&Keyring::generate_base64()?)?;
    let sessions = Sessions::builder(store::connect(&url).await?).keys(keys).build()?;
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE note (text TEXT NOT NULL)").execute(&pool).await?;

    let handle = sessions.begin([]);
    handle.session::<Visit>().await?.add_counter(1);
    let finished = handle.finish(http::StatusCode::OK).await;
    assert!(matches!(finished.cookie, CookieCommand::Set(_)), "{:?}", finished.error);

    sqlx::query("INSERT INTO note VALUES ('both')").execute(&pool).await?;
    let (note,): (String,) = sqlx::query_as("SELECT text FROM note").fetch_one(&pool).await?;
    assert_eq!(note, "both");
    Ok(())
}
