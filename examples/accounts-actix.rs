//! The site with accounts, on actix-web: `cargo run --example accounts-actix`, then open
//! <http://localhost:3000>.
//!
//! `shop/` has the pages. The same site on axum shares them.

mod setup;
mod shop;

use std::path::Path;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Form, ServiceConfig, get, post};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, Responder, ResponseError};
use session_runtime::Session;
use session_runtime::actix::{CsrfMiddleware, SessionMiddleware};
use session_runtime::csrf::{Csrf, CsrfPolicy};

use self::shop::{Answer, Failure, Outcome, Site, Users, Visit, forms};

#[actix_web::main]
async fn main() -> setup::Result<()> {
    let (sessions, _sweeper) = setup::sessions().await?;
    let users = Users::open(Path::new("accounts.db"))?;
    let listener = std::net::TcpListener::bind(setup::address()?)?;
    println!("listening on http://{}", listener.local_addr()?);
    server(Site { sessions, users }, listener)?.await?;
    Ok(())
}

fn server(site: Site, listener: std::net::TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(site.clone()))
            .configure(pages)
            .wrap(CsrfMiddleware::new(CsrfPolicy::new()))
            .wrap(SessionMiddleware::new(site.sessions.clone()))
            .wrap(from_fn(explain))
    });
    Ok(server.workers(2).listen(listener)?.run())
}

fn pages(config: &mut ServiceConfig) {
    config
        .route("/", get().to(home))
        .route("/cart", post().to(add))
        .route("/cart/empty", post().to(shop::empty))
        .route("/sign-up", get().to(sign_up_page))
        .route("/sign-up", post().to(sign_up))
        .route("/sign-in", get().to(sign_in_page))
        .route("/sign-in", post().to(sign_in))
        .route("/sign-out", post().to(shop::sign_out))
        .route("/devices", get().to(devices))
        .route("/devices/sign-out", post().to(end_device))
        .route("/devices/sign-out-others", post().to(end_others))
        .route("/confirm", get().to(confirm_page))
        .route("/confirm", post().to(confirm))
        .route("/password", get().to(password_page))
        .route("/password", post().to(change_password))
        .route("/style.css", get().to(|| async { Answer::style() }));
}

async fn home(site: Data<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::home(&site, session, csrf).await
}

async fn add(session: Session<Visit>, form: Form<forms::Added>) -> Outcome {
    shop::add(session, form.into_inner()).await
}

async fn sign_up_page(site: Data<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::sign_up_page(&site, session, csrf).await
}

async fn sign_up(
    site: Data<Site>,
    session: Session<Visit>,
    request: HttpRequest,
    form: Form<forms::NewUser>,
) -> Outcome {
    shop::sign_up(&site, session, form.into_inner(), browser(&request)).await
}

async fn sign_in_page(site: Data<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::sign_in_page(&site, session, csrf).await
}

async fn sign_in(
    site: Data<Site>,
    session: Session<Visit>,
    request: HttpRequest,
    form: Form<forms::Credentials>,
) -> Outcome {
    shop::sign_in(&site, session, form.into_inner(), browser(&request)).await
}

async fn devices(site: Data<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::devices(&site, session, csrf).await
}

async fn end_device(
    site: Data<Site>,
    session: Session<Visit>,
    form: Form<forms::Device>,
) -> Outcome {
    shop::end_device(&site, session, form.into_inner()).await
}

async fn end_others(site: Data<Site>, session: Session<Visit>) -> Outcome {
    shop::end_others(&site, session).await
}

async fn confirm_page(site: Data<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::confirm_page(&site, session, csrf).await
}

async fn confirm(
    site: Data<Site>,
    session: Session<Visit>,
    form: Form<forms::Confirmation>,
) -> Outcome {
    shop::confirm(&site, session, form.into_inner()).await
}

async fn password_page(site: Data<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::password_page(&site, session, csrf).await
}

async fn change_password(
    site: Data<Site>,
    session: Session<Visit>,
    form: Form<forms::NewPassword>,
) -> Outcome {
    shop::change_password(&site, session, form.into_inner()).await
}

fn browser(request: &HttpRequest) -> Option<String> {
    Some(request.headers().get(header::USER_AGENT)?.to_str().ok()?.to_owned())
}

/// The session middlewares answer with only a status: gives these answers a page.
async fn explain(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let page = match response.status() {
        StatusCode::CONFLICT => Answer::gone(),
        StatusCode::FORBIDDEN => Ok(Answer::forbidden()),
        _ => return Ok(response),
    };
    let page = page.respond_to(response.request()).map_into_boxed_body();
    Ok(response.into_response(page))
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).expect("the site uses only valid statuses");
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            response.insert_header(header);
        }
        response.body(self.body)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn serve(site: Site) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(server(site, listener).unwrap());
        port
    }

    shop::walk::walks!();
}
