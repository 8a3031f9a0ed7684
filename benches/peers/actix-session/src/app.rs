//! The application on actix-session, whatever its store.

use std::time::Duration;

use actix_session::storage::SessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::{App as Builder, HttpResponse, Responder, Result, web};
use bench_worker::actix::{ActixApp, untouched};
use bench_worker::app::{A_MOMENT, A_WHILE, App, NAME, THEME, USER, path};
use tokio::time::sleep;

/// The application with these sessions.
pub async fn app(sessions: SessionMiddleware<impl SessionStore + 'static>) -> impl App {
    let app = Builder::new()
        .wrap(sessions)
        .route(path::UNTOUCHED, web::get().to(untouched))
        .route(path::READ, web::get().to(read))
        .route(path::COUNT, web::get().to(count))
        .route(path::COUNT_LATE, web::get().to(count_late))
        .route(path::COUNT_SLOWLY, web::get().to(count_slowly))
        .route(path::SIGN_IN, web::get().to(sign_in))
        .route(path::SIGN_OUT, web::get().to(sign_out))
        .route(path::USER, web::get().to(user));
    ActixApp::new(actix_web::test::init_service(app).await)
}

async fn read(session: Session) -> Result<String> {
    Ok(counter(&session)?.to_string())
}

async fn count(session: Session) -> Result<String> {
    let seen = counter(&session)? + 1;
    session.insert(COUNTER, seen)?;
    Ok(seen.to_string())
}

async fn count_late(session: Session) -> Result<String> {
    count_after(session, A_MOMENT).await
}

async fn count_slowly(session: Session) -> Result<String> {
    count_after(session, A_WHILE).await
}

async fn count_after(session: Session, wait: Duration) -> Result<String> {
    let seen = counter(&session)? + 1;
    sleep(wait).await;
    session.insert(COUNTER, seen)?;
    Ok(seen.to_string())
}

async fn sign_in(session: Session) -> Result<impl Responder> {
    session.renew();
    session.insert("user", USER)?;
    session.insert("name", NAME)?;
    session.insert("theme", THEME)?;
    session.insert(COUNTER, counter(&session)? + 1)?;
    Ok(HttpResponse::Ok())
}

async fn sign_out(session: Session) -> impl Responder {
    session.purge();
    HttpResponse::Ok()
}

async fn user(session: Session) -> Result<String> {
    Ok(session.get::<u64>("user")?.unwrap_or(0).to_string())
}

const COUNTER: &str = "counter";

fn counter(session: &Session) -> Result<u64> {
    Ok(session.get(COUNTER)?.unwrap_or(0))
}
