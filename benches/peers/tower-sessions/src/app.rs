//! The application on tower-sessions, whatever its version, store and cookies.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bench_worker::app::{A_MOMENT, A_WHILE, NAME, THEME, USER, path};
use bench_worker::axum::{AxumApp, untouched};
use tokio::time::sleep;
use tower_sessions::service::CookieController;
use tower_sessions::session::Error;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

/// The application with these sessions.
pub fn app<S, C>(layer: SessionManagerLayer<S, C>) -> AxumApp
where
    S: SessionStore + Clone,
    C: CookieController + Send + Sync,
{
    let router = Router::new()
        .route(path::UNTOUCHED, get(untouched))
        .route(path::READ, get(read))
        .route(path::COUNT, get(count))
        .route(path::COUNT_LATE, get(count_late))
        .route(path::COUNT_SLOWLY, get(count_slowly))
        .route(path::SIGN_IN, get(sign_in))
        .route(path::SIGN_OUT, get(sign_out))
        .route(path::USER, get(user));
    AxumApp::new(router.layer(layer))
}

async fn read(session: Session) -> Result<String> {
    Ok(counter(&session).await?.to_string())
}

async fn count(session: Session) -> Result<String> {
    let seen = counter(&session).await? + 1;
    session.insert(COUNTER, seen).await?;
    Ok(seen.to_string())
}

async fn count_late(session: Session) -> Result<String> {
    count_after(session, A_MOMENT).await
}

async fn count_slowly(session: Session) -> Result<String> {
    count_after(session, A_WHILE).await
}

async fn count_after(session: Session, wait: Duration) -> Result<String> {
    let seen = counter(&session).await? + 1;
    sleep(wait).await;
    session.insert(COUNTER, seen).await?;
    Ok(seen.to_string())
}

async fn sign_in(session: Session) -> Result<()> {
    session.cycle_id().await?;
    session.insert("user", USER).await?;
    session.insert("name", NAME).await?;
    session.insert("theme", THEME).await?;
    count(session).await?;
    Ok(())
}

async fn sign_out(session: Session) -> Result<()> {
    Ok(session.flush().await?)
}

async fn user(session: Session) -> Result<String> {
    Ok(session.get::<u64>("user").await?.unwrap_or(0).to_string())
}

const COUNTER: &str = "counter";

async fn counter(session: &Session) -> Result<u64> {
    Ok(session.get(COUNTER).await?.unwrap_or(0))
}

type Result<T> = std::result::Result<T, Failed>;

struct Failed(Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
