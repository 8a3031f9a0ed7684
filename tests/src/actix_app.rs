//! The scenario server on actix-web.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Path};
use actix_web::{App, HttpResponse, HttpServer};
use serde::Serialize;
use session_runtime::actix::{CsrfMiddleware, SessionMiddleware};
use session_runtime::csrf::Csrf;
use session_runtime::{Session, SessionError, Sessions};

use crate::Result;
use crate::ops::{Listed, Request};
use crate::schema::Visit;

pub(crate) async fn serve(sessions: Sessions, listener: std::net::TcpListener) -> Result<()> {
    let server = HttpServer::new(move || {
        App::new()
            .wrap(SessionMiddleware::new(sessions.clone()))
            .app_data(web::Data::new(sessions.clone()))
            .route("/op", web::post().to(op))
            .route("/none", web::get().to(|| async { "no session" }))
            .route("/health", web::get().to(health))
            .route("/visit", web::get().to(visit))
            .route("/principals/{id}", web::get().to(list))
            .route("/principals/{id}", web::delete().to(delete_all))
            .service(
                // Other sites cannot use these.
                web::scope("/guarded")
                    .wrap(CsrfMiddleware::new(crate::csrf_policy()))
                    .route("/op", web::post().to(op))
                    .route("/form", web::post().to(form))
                    .route("/token", web::get().to(token))
                    .route("/first-token", web::get().to(first_token)),
            )
    })
    .workers(2)
    .listen(listener)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}

async fn op(session: Session<Visit>, body: Bytes) -> HttpResponse {
    let Ok(request) = Request::parse(&body) else { return HttpResponse::BadRequest().finish() };
    let outcome = request.run(session).await;
    let status = StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status).json(outcome.results)
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

async fn first_token(csrf: Csrf, session: Session<Visit>) -> HttpResponse {
    session.add_counter(1);
    match session.commit().await {
        Ok(()) => HttpResponse::Ok().body(csrf.token()),
        Err(error) => answer(Err::<(), _>(error)),
    }
}

async fn health(sessions: web::Data<Sessions>) -> HttpResponse {
    answer(sessions.health().await.map(|latency| format!("{latency:?}")))
}

async fn list(sessions: web::Data<Sessions>, id: Path<u64>) -> HttpResponse {
    let listed = sessions.list::<Visit>(&id).await;
    answer(listed.map(|list| list.into_iter().map(Listed::from).collect::<Vec<_>>()))
}

async fn delete_all(sessions: web::Data<Sessions>, id: Path<u64>) -> HttpResponse {
    answer(sessions.delete_all::<Visit>(&id).await)
}

fn answer(result: std::result::Result<impl Serialize, SessionError>) -> HttpResponse {
    match result {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(error) => {
            let status = StatusCode::from_u16(error.status().as_u16());
            HttpResponse::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}
