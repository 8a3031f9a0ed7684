//! One SQLite file for sessions and for what the application keeps with diesel.

use diesel::prelude::*;
use diesel::sql_types::Text;
use session_runtime::conformance;
use session_runtime::store::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: compat FILE")?;
    let mut connection = SqliteConnection::establish(&file)?;
    diesel::sql_query("CREATE TABLE note (text TEXT NOT NULL)").execute(&mut connection)?;

    let store = SqliteStore::open(&file)?;
    let report = conformance::run(|| async { store.clone() }).await?;
    println!("{} rules of the store are kept", report.passed().len());

    diesel::sql_query("INSERT INTO note VALUES ('both')").execute(&mut connection)?;
    let note = diesel::select(diesel::dsl::sql::<Text>("(SELECT text FROM note)"));
    assert_eq!(note.get_result::<String>(&mut connection)?, "both");
    Ok(())
}
