//! This library under test: a worker for `cargo xtask bench`.

mod actix;
mod axum;

use bench_worker::axum::AxumApp;
use bench_worker::place::Place;
use bench_worker::{Error, serve};
use session_runtime::store::{self, MemoryStore, Store};
use session_runtime::{Keyring, SessionSchema, Sessions};

/// What the site remembers of a visitor.
#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
}

/// What it remembers of a user, in the same session.
#[derive(SessionSchema)]
struct Account {
    #[session(principal)]
    user: Option<u64>,
    name: Option<String>,
    theme: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let place = Place::from_args()?;
    match place.application.as_str() {
        "axum-bare" => serve(AxumApp::bare()).await,
        "axum-memory" => serve(axum::app(sessions(MemoryStore::new())?)).await,
        "axum-store" => {
            let store = store::connect(place.store()?).await?;
            serve(axum::app(sessions(store)?)).await
        }
        "actix-bare" => serve(bench_worker::actix::bare().await).await,
        "actix-memory" => serve(actix::app(sessions(MemoryStore::new())?).await).await,
        "actix-store" => {
            let store = store::connect(place.store()?).await?;
            serve(actix::app(sessions(store)?).await).await
        }
        _ => Err(place.unknown()),
    }
}

/// With nothing but the defaults.
fn sessions(store: impl Store) -> Result<Sessions, Error> {
    Ok(Sessions::builder(store).keys(Keyring::new([[7; 32]])?).build()?)
}
