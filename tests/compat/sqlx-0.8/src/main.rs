//! One SQLite file for sessions and for what the application keeps with sqlx.

use session_runtime::conformance;
use session_runtime::store::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: compat FILE")?;
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE note (text TEXT NOT NULL)").execute(&pool).await?;

    let store = SqliteStore::open(&file)?;
    let report = conformance::run(|| async { store.clone() }).await?;
    println!("{} rules of the store are kept", report.passed().len());

    sqlx::query("INSERT INTO note VALUES ('both')").execute(&pool).await?;
    let (note,): (String,) = sqlx::query_as("SELECT text FROM note").fetch_one(&pool).await?;
    assert_eq!(note, "both");
    Ok(())
}
