use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::routing::post;
use session_runtime::axum::SessionLayer;
use session_runtime::store::MemoryStore;
use session_runtime::testing::{CookieJar, Fault, FaultyStore, ManualClock};
use session_runtime::{Keyring, Session, SessionSchema, Sessions};
use tower::ServiceExt;

#[derive(SessionSchema)]
struct Visit {
    cart: Vec<String>,
    #[session(flash, into)]
    notice: Option<String>,
    #[session(principal)]
    user_id: Option<u64>,
}

async fn buy(session: Session<Visit>, Path(item): Path<String>) -> StatusCode {
    if session.user_id().is_none() {
        return StatusCode::UNAUTHORIZED;
    }
    session.update_cart(move |cart| cart.push(item.clone()));
    session.flash_notice("It is in your cart.");
    StatusCode::CREATED
}

async fn sign_out(session: Session<Visit>) {
    session.destroy();
}

fn shop(sessions: Sessions) -> Router {
    Router::new()
        .route("/buy/{item}", post(buy))
        .route("/sign-out", post(sign_out))
        .layer(SessionLayer::new(sessions))
}

/// The shop, and somebody who is signed in.
struct Test {
    shop: Router,
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
        Self { shop: shop(sessions), cookies, store, clock }
    }

    async fn post(&mut self, path: &str) -> StatusCode {
        let request = Request::post(path).header("cookie", self.cookies.header());
        let request = request.body(Body::empty()).unwrap();
        let response = self.shop.clone().oneshot(request).await.unwrap();
        self.cookies.keep(response.headers().get_all("set-cookie"));
        response.status()
    }
}

#[tokio::test]
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

#[tokio::test]
async fn who_is_away_too_long_must_sign_in_again() {
    let mut test = Test::new().await;
    test.clock.advance(Duration::from_secs(20 * 60 - 1));
    assert_eq!(test.post("/buy/tea").await, StatusCode::CREATED);
    test.clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(test.post("/buy/milk").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_is_signed_out_while_the_store_is_down() {
    let mut test = Test::new().await;
    test.store.fail_all(Fault::Refused);
    assert_eq!(test.post("/buy/tea").await, StatusCode::SERVICE_UNAVAILABLE);
    test.store.recover();
    assert_eq!(test.post("/buy/tea").await, StatusCode::CREATED);
}
