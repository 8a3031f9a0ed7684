use std::time::Duration;

use poem::endpoint::BoxEndpoint;
use poem::http::{Method, StatusCode};
use poem::web::Path;
use poem::{Endpoint, EndpointExt, Request, Route, handler, post};
use session_runtime::poem::SessionMiddleware;
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

#[handler]
async fn buy(session: Session<Visit>, Path(item): Path<String>) -> StatusCode {
    if session.user_id().is_none() {
        return StatusCode::UNAUTHORIZED;
    }
    session.update_cart(move |cart| cart.push(item.clone()));
    session.flash_notice("It is in your cart.");
    StatusCode::CREATED
}

#[handler]
async fn sign_out(session: Session<Visit>) {
    session.destroy();
}

fn shop(sessions: Sessions) -> impl Endpoint {
    Route::new()
        .at("/buy/:item", post(buy))
        .at("/sign-out", post(sign_out))
        .with(SessionMiddleware::new(sessions))
}

/// The shop, and somebody who is signed in.
struct Test {
    shop: BoxEndpoint<'static>,
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
        Self { shop: shop(sessions).map_to_response().boxed(), cookies, store, clock }
    }

    async fn post(&mut self, path: &str) -> StatusCode {
        let request = Request::builder().method(Method::POST).uri_str(path);
        let request = request.header("cookie", self.cookies.header()).finish();
        let response = self.shop.get_response(request).await;
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
