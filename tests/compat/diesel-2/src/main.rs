//! One SQLite file for sessions and for what the application keeps with diesel.

use diesel::prelude::*;
use diesel::sql_types::Text;
use session_runtime::{CookieCommand, Keyring, SessionSchema, Sessions, store};

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
    let mut connection = SqliteConnection::establish(&file)?;
    diesel::sql_query("CREATE TABLE note (text TEXT NOT NULL)").execute(&mut connection)?;

    let handle = sessions.begin([]);
    handle.session::<Visit>().await?.add_counter(1);
    let finished = handle.finish(http::StatusCode::OK).await;
    assert!(matches!(finished.cookie, CookieCommand::Set(_)), "{:?}", finished.error);

    diesel::sql_query("INSERT INTO note VALUES ('both')").execute(&mut connection)?;
    let note = diesel::select(diesel::dsl::sql::<Text>("(SELECT text FROM note)"));
    assert_eq!(note.get_result::<String>(&mut connection)?, "both");
    Ok(())
}
