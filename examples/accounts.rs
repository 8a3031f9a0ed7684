//! A small site with accounts, on axum: `cargo run --example accounts`, then open
//! <http://localhost:3000>.
//!
//! `shop/` has the pages. The same site on actix-web shares them.

mod setup;
mod shop;

use std::path::Path;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use session_runtime::Session;
use session_runtime::axum::{CsrfLayer, SessionLayer};
use session_runtime::csrf::{Csrf, CsrfPolicy};

use self::shop::{Answer, Failure, Outcome, Site, Users, Visit, forms};

#[tokio::main]
async fn main() -> setup::Result<()> {
    let (sessions, _sweeper) = setup::sessions().await?;
    let users = Users::open(Path::new("accounts.db"))?;
    let listener = tokio::net::TcpListener::bind(setup::address()?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(Site { sessions, users })).await?;
    Ok(())
}

fn app(site: Site) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/cart", post(add))
        .route("/cart/empty", post(shop::empty))
        .route("/sign-up", get(sign_up_page).post(sign_up))
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/sign-out", post(shop::sign_out))
        .route("/devices", get(devices))
        .route("/devices/sign-out", post(end_device))
        .route("/devices/sign-out-others", post(end_others))
        .route("/confirm", get(confirm_page).post(confirm))
        .route("/password", get(password_page).post(change_password))
        .layer(CsrfLayer::new(CsrfPolicy::new()))
        .layer(SessionLayer::new(site.sessions.clone()))
        .layer(middleware::from_fn(explain))
        .route("/style.css", get(|| async { Answer::style() }))
        .with_state(site)
}

async fn home(State(site): State<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::home(&site, session, csrf).await
}

async fn add(session: Session<Visit>, Form(form): Form<forms::Added>) -> Outcome {
    shop::add(session, form).await
}

async fn sign_up_page(State(site): State<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::sign_up_page(&site, session, csrf).await
}

async fn sign_up(
    State(site): State<Site>,
    session: Session<Visit>,
    headers: HeaderMap,
    Form(form): Form<forms::NewUser>,
) -> Outcome {
    shop::sign_up(&site, session, form, browser(&headers)).await
}

async fn sign_in_page(State(site): State<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::sign_in_page(&site, session, csrf).await
}

async fn sign_in(
    State(site): State<Site>,
    session: Session<Visit>,
    headers: HeaderMap,
    Form(form): Form<forms::Credentials>,
) -> Outcome {
    shop::sign_in(&site, session, form, browser(&headers)).await
}

async fn devices(State(site): State<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::devices(&site, session, csrf).await
}

async fn end_device(
    State(site): State<Site>,
    session: Session<Visit>,
    Form(form): Form<forms::Device>,
) -> Outcome {
    shop::end_device(&site, session, form).await
}

async fn end_others(State(site): State<Site>, session: Session<Visit>) -> Outcome {
    shop::end_others(&site, session).await
}

async fn confirm_page(State(site): State<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::confirm_page(&site, session, csrf).await
}

async fn confirm(
    State(site): State<Site>,
    session: Session<Visit>,
    Form(form): Form<forms::Confirmation>,
) -> Outcome {
    shop::confirm(&site, session, form).await
}

async fn password_page(State(site): State<Site>, session: Session<Visit>, csrf: Csrf) -> Outcome {
    shop::password_page(&site, session, csrf).await
}

async fn change_password(
    State(site): State<Site>,
    session: Session<Visit>,
    Form(form): Form<forms::NewPassword>,
) -> Outcome {
    shop::change_password(&site, session, form).await
}

fn browser(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(header::USER_AGENT)?.to_str().ok()?.to_owned())
}

/// The session layers answer with only a status: gives these answers a page.
async fn explain(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.status() {
        StatusCode::CONFLICT => Answer::gone().into_response(),
        StatusCode::FORBIDDEN => Answer::forbidden().into_response(),
        _ => response,
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).expect("the names and values of headers are valid")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        Answer { status: self.0, headers: Vec::new(), body: String::new() }.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn serve(site: Site) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async { axum::serve(listener, app(site)).await });
        port
    }

    shop::walk::walks!();
}
