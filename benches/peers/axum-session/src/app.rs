//! The application on axum_session, whatever its store.

use std::fmt::Debug;

use axum::Router;
use axum::routing::get;
use axum_session::{DatabasePool, Session, SessionLayer, SessionStore};
use bench_worker::app::{A_MOMENT, A_WHILE, NAME, THEME, USER, path};
use bench_worker::axum::{AxumApp, untouched};
use tokio::time::sleep;

/// The bounds of its stores.
pub trait Pool: DatabasePool + Clone + Debug + Send + Sync + 'static {}

impl<P: DatabasePool + Clone + Debug + Send + Sync + 'static> Pool for P {}

/// The application with these sessions.
pub fn app<P: Pool>(store: SessionStore<P>) -> AxumApp {
    let router = Router::new()
        .route(path::UNTOUCHED, get(untouched))
        .route(path::READ, get(read::<P>))
        .route(path::COUNT, get(count::<P>))
        .route(path::COUNT_LATE, get(count_late::<P>))
        .route(path::COUNT_SLOWLY, get(count_slowly::<P>))
        .route(path::SIGN_IN, get(sign_in::<P>))
        .route(path::SIGN_OUT, get(sign_out::<P>))
        .route(path::USER, get(user::<P>));
    AxumApp::new(router.layer(SessionLayer::new(store)))
}

async fn read<P: Pool>(session: Session<P>) -> String {
    counter(&session).to_string()
}

async fn count<P: Pool>(session: Session<P>) -> String {
    let seen = counter(&session) + 1;
    session.set(COUNTER, seen);
    seen.to_string()
}

async fn count_late<P: Pool>(session: Session<P>) -> String {
    let seen = counter(&session) + 1;
    sleep(A_MOMENT).await;
    session.set(COUNTER, seen);
    seen.to_string()
}

async fn count_slowly<P: Pool>(session: Session<P>) -> String {
    let seen = counter(&session) + 1;
    sleep(A_WHILE).await;
    session.set(COUNTER, seen);
    seen.to_string()
}

async fn sign_in<P: Pool>(session: Session<P>) {
    session.renew();
    session.set("user", USER);
    session.set("name", NAME);
    session.set("theme", THEME);
    session.set(COUNTER, counter(&session) + 1);
}

async fn sign_out<P: Pool>(session: Session<P>) {
    session.destroy();
}

async fn user<P: Pool>(session: Session<P>) -> String {
    session.get::<u64>("user").unwrap_or(0).to_string()
}

const COUNTER: &str = "counter";

fn counter<P: Pool>(session: &Session<P>) -> u64 {
    session.get(COUNTER).unwrap_or(0)
}
