//! This library on axum.

use axum::Router;
use axum::routing::get;
use bench_worker::app::{A_MOMENT, A_WHILE, NAME, THEME, USER, path};
use bench_worker::axum::{AxumApp, untouched};
use session_runtime::axum::SessionLayer;
use session_runtime::{Session, Sessions};
use tokio::time::sleep;

use crate::{Account, Visit};

/// The application with these sessions.
pub(crate) fn app(sessions: Sessions) -> AxumApp {
    let router = Router::new()
        .route(path::UNTOUCHED, get(untouched))
        .route(path::READ, get(read))
        .route(path::COUNT, get(count))
        .route(path::COUNT_LATE, get(count_late))
        .route(path::COUNT_SLOWLY, get(count_slowly))
        .route(path::SIGN_IN, get(sign_in))
        .route(path::SIGN_OUT, get(sign_out))
        .route(path::USER, get(user));
    AxumApp::new(router.layer(SessionLayer::new(sessions)))
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

async fn sign_in(visit: Session<Visit>, account: Session<Account>) {
    account.set_user(Some(USER));
    account.set_name(Some(NAME.to_owned()));
    account.set_theme(Some(THEME.to_owned()));
    visit.add_counter(1);
}

async fn sign_out(session: Session<Visit>) {
    session.destroy();
}

async fn user(session: Session<Account>) -> String {
    session.user().unwrap_or(0).to_string()
}
