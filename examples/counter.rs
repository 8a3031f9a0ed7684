//! A visit counter with axum: `cargo run --example counter`.

mod setup;

use axum::{Router, routing::get};
use session_runtime::axum::SessionLayer;
use session_runtime::{Session, SessionSchema};

/// What this site remembers of a visitor.
#[derive(SessionSchema)]
struct Visit {
    /// Pages seen.
    #[session(counter)]
    counter: u64,
}

async fn index(session: Session<Visit>) -> String {
    match session.add_counter(1) {
        1 => "You have visited this page 1 time\n".to_owned(),
        seen => format!("You have visited this page {seen} times\n"),
    }
}

#[tokio::main]
async fn main() -> setup::Result<()> {
    let (sessions, _sweeper) = setup::sessions().await?;
    let app = Router::new().route("/", get(index)).layer(SessionLayer::new(sessions));
    let listener = tokio::net::TcpListener::bind(setup::address()?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
