//! actix-session: with the session in a signed or an encrypted cookie, and with its store for
//! Redis.

mod app;

use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity::{Private, Signed};
use actix_session::storage::{CookieSessionStore, RedisSessionStore};
use actix_web::cookie::Key;
use bench_worker::place::Place;
use bench_worker::{Error, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let place = Place::from_args()?;
    let key = Key::from(&[7; 64]);
    let in_cookie = || SessionMiddleware::builder(CookieSessionStore::default(), key.clone());
    match place.application.as_str() {
        "cookie-signed" => {
            let sessions = in_cookie().cookie_content_security(Signed).build();
            serve(app::app(sessions).await).await
        }
        "cookie-private" => {
            let sessions = in_cookie().cookie_content_security(Private).build();
            serve(app::app(sessions).await).await
        }
        "redis" => {
            let store = RedisSessionStore::new(place.store()?).await?;
            serve(app::app(SessionMiddleware::new(store, key)).await).await
        }
        _ => Err(place.unknown()),
    }
}
