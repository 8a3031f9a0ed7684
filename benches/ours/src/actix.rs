//! This library on actix-web.

use actix_web::{App as Builder, HttpResponse, Responder, web};
use bench_worker::actix::{ActixApp, untouched};
use bench_worker::app::{A_MOMENT, A_WHILE, App, NAME, THEME, USER, path};
use session_runtime::actix::SessionMiddleware;
use session_runtime::{Session, Sessions};
use tokio::time::sleep;

use crate::{Account, Visit};

/// The application with these sessions.
pub(crate) async fn app(sessions: Sessions) -> impl App {
    let app = Builder::new()
        .wrap(SessionMiddleware::new(sessions))
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

async fn read(session: Session<Visit>) -> String {
    session.counter().to_string()
}

async fn count(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

async fn count_late(session: Session<Visit>) -> String {
    sleep(A_MOMENT).await;
    session.add_counter(1).to_string()
}

async fn count_slowly(session: Session<Visit>) -> String {
    sleep(A_WHILE).await;
    session.add_counter(1).to_string()
}

async fn sign_in(visit: Session<Visit>, account: Session<Account>) -> impl Responder {
    account.set_user(Some(USER));
    account.set_name(Some(NAME.to_owned()));
    account.set_theme(Some(THEME.to_owned()));
    visit.add_counter(1);
    HttpResponse::Ok()
}

async fn sign_out(session: Session<Visit>) -> impl Responder {
    session.destroy();
    HttpResponse::Ok()
}

async fn user(session: Session<Account>) -> String {
    session.user().unwrap_or(0).to_string()
}
