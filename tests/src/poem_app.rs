//! The scenario server on poem.

use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::web::{Data, Json, Path};
use poem::{
    Body, Endpoint, EndpointExt, IntoResponse, Response, Route, Server, get, handler, post,
};
use serde::Serialize;
use session_runtime::csrf::Csrf;
use session_runtime::poem::{CsrfMiddleware, SessionMiddleware};
use session_runtime::{Session, SessionError, Sessions};

use crate::Result;
use crate::ops::{Listed, Request};
use crate::schema::Visit;

pub(crate) async fn serve(sessions: Sessions, listener: std::net::TcpListener) -> Result<()> {
    let app = Route::new()
        .at("/op", post(op))
        .at("/none", get(none))
        .at("/health", get(health))
        .at("/visit", get(visit))
        .at("/principals/:id", get(list).delete(delete_all))
        .nest("/guarded", guarded())
        .with(SessionMiddleware::new(sessions.clone()))
        .data(sessions);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await?;
    Ok(())
}

/// Routes that other sites cannot use.
fn guarded() -> impl Endpoint {
    Route::new()
        .at("/op", post(op))
        .at("/form", post(form))
        .at("/token", get(token))
        .at("/first-token", get(first_token))
        .with(CsrfMiddleware::new(crate::csrf_policy()))
}

#[handler]
async fn op(session: Session<Visit>, body: Body) -> Response {
    let body = body.into_bytes().await.unwrap_or_default();
    let Ok(request) = Request::parse(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let outcome = request.run(session).await;
    let status = StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::BAD_REQUEST);
    Json(outcome.results).with_status(status).into_response()
}

#[handler]
fn none() -> &'static str {
    "no session"
}

#[handler]
async fn visit(session: Session<Visit>) -> String {
    session.add_counter(1).to_string()
}

#[handler]
async fn form(session: Session<Visit>, body: String) -> String {
    session.add_counter(1);
    body
}

#[handler]
async fn token(csrf: Csrf) -> String {
    csrf.token()
}

#[handler]
async fn first_token(csrf: Csrf, session: Session<Visit>) -> Response {
    session.add_counter(1);
    match session.commit().await {
        Ok(()) => csrf.token().into_response(),
        Err(error) => error.status().into_response(),
    }
}

#[handler]
async fn health(sessions: Data<&Sessions>) -> Response {
    answer(sessions.health().await.map(|latency| format!("{latency:?}")))
}

#[handler]
async fn list(sessions: Data<&Sessions>, Path(id): Path<u64>) -> Response {
    let listed = sessions.list::<Visit>(&id).await;
    answer(listed.map(|list| list.into_iter().map(Listed::from).collect::<Vec<_>>()))
}

#[handler]
async fn delete_all(sessions: Data<&Sessions>, Path(id): Path<u64>) -> Response {
    answer(sessions.delete_all::<Visit>(&id).await)
}

fn answer(result: std::result::Result<impl Serialize + Send, SessionError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => error.status().into_response(),
    }
}
