use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Path};
use actix_web::{App, HttpResponse};
use session_runtime::actix::SessionMiddleware;
use session_runtime::store::MemoryStore;
use session_runtime::testing::{CookieJar, Fault, FaultyStore, ManualClock};
use session_runtime::{Keyring, Session, SessionSchema, Sessions};

#[derive(SessionSchema)]
struct Visit {
    cart: Vec<String>,
    #[session(flash, into)]
    notice: Option<String>,
    #[session(principal)]
    user_id: Option<u64>,
}

async fn buy(session: Session<Visit>, item: Path<String>) -> HttpResponse {
    if session.user_id().is_none() {
        return HttpResponse::Unauthorized().finish();
    }
    session.update_cart(move |cart| cart.push(item.clone()));
    session.flash_notice("It is in your cart.");
    HttpResponse::Created().finish()
}

async fn sign_out(session: Session<Visit>) -> HttpResponse {
    session.destroy();
    HttpResponse::Ok().finish()
}

fn routes(config: &mut web::ServiceConfig) {
    config.route("/buy/{item}", web::post().to(buy)).route("/sign-out", web::post().to(sign_out));
}

/// The shop, and somebody who is signed in.
struct Test {
    sessions: Sessions,
    cookies: CookieJar,
    store: FaultyStore<MemoryStore>,
    clock: ManualClock,
}

impl Test {
    async fn new() -> Self {
        let clock = ManualClock::default();
        let store = FaultyStore::new(MemoryStore::with_clock(clock.clone()));
        let sessions = Sessions::builder(store.clone())
            .keys(Keyring::new([[7; 32]]).unwrap())
            .clock(clock.clone())
            .idle_timeout(Duration::from_secs(20 * 60))
            .build()
            .unwrap();
        let mut cookies = CookieJar::new(&sessions);
        let issued = sessions.issue::<Visit>(|visit| visit.set_user_id(Some(7))).await.unwrap();
        cookies.keep(issued.set_cookies());
        Self { sessions, cookies, store, clock }
    }

    async fn post(&mut self, path: &str) -> StatusCode {
        let middleware = SessionMiddleware::new(self.sessions.clone());
        let shop = init_service(App::new().wrap(middleware).configure(routes)).await;
        let request = TestRequest::post().uri(path);
        let request = request.insert_header((header::COOKIE, self.cookies.header()));
        let response = call_service(&shop, request.to_request()).await;
        self.cookies.keep(response.headers().get_all(header::SET_COOKIE));
        response.status()
    }
}

#[actix_web::test]
async fn what_is_bought_is_in_the_cart() {
    let mut test = Test::new().await;
    assert_eq!(test.post("/buy/tea").await, StatusCode::CREATED);
    assert_eq!(test.post("/buy/milk").await, StatusCode::CREATED);
    let visit = test.cookies.session::<Visit>().await.unwrap().expect("a session");
    assert_eq!(visit.cart(), ["tea", "milk"]);
    assert_eq!(visit.peek_notice().as_deref(), Some("It is in your cart."));

    assert_eq!(test.post("/sign-out").await, StatusCode::OK);
    assert!(test.cookies.session::<Visit>().await.unwrap().is_none());
    assert_eq!(test.post("/buy/bread").await, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn who_is_away_too_long_must_sign_in_again() {
    let mut test = Test::new().await;
    test.clock.advance(Duration::from_secs(20 * 60 - 1));
    assert_eq!(test.post("/buy/tea").await, StatusCode::CREATED);
    test.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(test.post("/buy/milk").await, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn nobody_is_signed_out_while_the_store_is_down() {
    let mut test = Test::new().await;
    test.store.fail_all(Fault::Refused);
    assert_eq!(test.post("/buy/tea").await, StatusCode::SERVICE_UNAVAILABLE);
    test.store.recover();
    assert_eq!(test.post("/buy/tea").await, StatusCode::CREATED);
}
