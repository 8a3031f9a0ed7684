//! The visit counter with actix-web: `cargo run --example counter-actix`.

mod setup;

use actix_web::{App, HttpServer, web};
use session_runtime::actix::SessionMiddleware;
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

#[actix_web::main]
async fn main() -> setup::Result<()> {
    let (sessions, _sweeper) = setup::sessions().await?;
    let server = HttpServer::new(move || {
        App::new().wrap(SessionMiddleware::new(sessions.clone())).route("/", web::get().to(index))
    })
    .bind(setup::address()?)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}
