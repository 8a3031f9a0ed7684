//! The scenario server on axum.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use session_runtime::axum::{CsrfLayer, SessionLayer};
use session_runtime::csrf::Csrf;
use session_runtime::{Session, SessionError, Sessions};

use crate::Result;
use crate::ops::{Listed, Request};
use crate::schema::Visit;

pub(crate) async fn serve(sessions: Sessions, listener: std::net::TcpListener) -> Result<()> {
    let app = Router::new()
        .route("/op", post(op))
        .route("/none", get(|| async { "no session" }))
        .route("/health", get(health))
        .route("/visit", get(visit))
        .route("/principals/{id}", get(list).delete(delete_all))
        .nest("/guarded", guarded())
        .layer(SessionLayer::new(sessions.clone()))
        .with_state(sessions);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Routes that other sites cannot use.
fn guarded() -> Router<Sessions> {
    Router::new()
        .route("/op", post(op))
        .route("/form", post(form))
        .route("/token", get(token))
        .route("/first-token", get(first_token))
        .layer(CsrfLayer::new(crate::csrf_policy()))
}

async fn op(session: Session<Visit>, body: Bytes) -> Response {
    let Ok(request) = Request::parse(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let outcome = request.run(session).await;
    let status = StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(outcome.results)).into_response()
}

async fn visit(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

async fn form(session: Session<Visit>, body: String) -> String {
    session.add_counter(1);
    body
}

async fn token(csrf: Csrf) -> String {
    csrf.token()
}

async fn first_token(csrf: Csrf, session: Session<Visit>) -> Response {
    session.add_counter(1);
    answer(session.commit().await.map(|()| csrf.token()))
}

async fn health(State(sessions): State<Sessions>) -> Response {
    answer(sessions.health().await.map(|latency| format!("{latency:?}")))
}

async fn list(State(sessions): State<Sessions>, Path(id): Path<u64>) -> Response {
    let listed = sessions.list::<Visit>(&id).await;
    answer(listed.map(|list| Json(list.into_iter().map(Listed::from).collect::<Vec<_>>())))
}

async fn delete_all(State(sessions): State<Sessions>, Path(id): Path<u64>) -> Response {
    answer(sessions.delete_all::<Visit>(&id).await.map(Json))
}

fn answer(result: std::result::Result<impl IntoResponse, SessionError>) -> Response {
    match result {
        Ok(response) => response.into_response(),
        Err(error) => error.status().into_response(),
    }
}
