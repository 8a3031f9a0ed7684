//! The visit counter with poem: `cargo run --example counter-poem`.

mod setup;

use poem::listener::TcpAcceptor;
use poem::{EndpointExt, Route, Server, get, handler};
use session_runtime::poem::SessionMiddleware;
use session_runtime::{Session, SessionSchema};

/// What this site remembers of a visitor.
#[derive(SessionSchema)]
struct Visit {
    /// Pages seen.
    #[session(counter)]
    counter: u64,
}

#[handler]
async fn index(session: Session<Visit>) -> String {
    match session.add_counter(1) {
        1 => "You have visited this page 1 time\n".to_owned(),
        seen => format!("You have visited this page {seen} times\n"),
    }
}

#[tokio::main]
async fn main() -> setup::Result<()> {
    let (sessions, _sweeper) = setup::sessions().await?;
    let app = Route::new().at("/", get(index)).with(SessionMiddleware::new(sessions));
    let listener = tokio::net::TcpListener::bind(setup::address()?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await?;
    Ok(())
}
