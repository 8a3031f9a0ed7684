//! What a session costs where it is not asked for.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use axum::routing::get;
use futures_util::FutureExt;
use session_runtime::axum::SessionLayer;
use session_runtime::store::MemoryStore;
use session_runtime::{Keyring, Session, SessionSchema, Sessions};
use tower::Service;

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
}

fn ask(app: &mut Router, path: &str, cookie: Option<&str>) -> (u64, Response<Body>) {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let request = request.body(Body::empty()).unwrap();
    let mut response = None;
    let used = allocation_counter::measure(|| {
        response = app.call(request).now_or_never();
    });
    (used.count_total, response.expect("nothing to wait for").unwrap())
}

#[test]
fn a_request_that_does_not_ask_for_its_session_allocates_a_handful_of_times() {
    let sessions = Sessions::builder(MemoryStore::new())
        .keys(Keyring::new([[7; 32]]).unwrap())
        .build()
        .unwrap();
    let mut bare = Router::new().route("/none", get(|| async {}));
    let count = |session: Session<Visit>| async move { session.add_counter(1).to_string() };
    let mut app = bare.clone().route("/count", get(count)).layer(SessionLayer::new(sessions));

    let (_, response) = ask(&mut app, "/count", None);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    for cookie in [None, cookie.split(';').next()] {
        let (without, _) = ask(&mut bare, "/none", cookie);
        let (with, _) = ask(&mut app, "/none", cookie);
        let extra = with - without;
        assert!(extra <= 7, "{extra} allocations for a session that nobody asked for");
    }
}
