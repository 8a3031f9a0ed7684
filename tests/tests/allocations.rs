//! How often a request allocates for its session, and that cookies of others cost nothing.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use axum::routing::get;
use futures_util::FutureExt;
use session_runtime::axum::SessionLayer;
use session_runtime::store::MemoryStore;
use session_runtime::{CookieStore, Keyring, Session, SessionSchema, Sessions, SessionsBuilder};
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

/// How often a request allocates beyond the same request without a session, for each kind of use.
#[test]
fn a_request_allocates_a_handful_of_times() {
    let sessions = Sessions::builder(MemoryStore::new())
        .keys(Keyring::new([[7; 32]]).unwrap())
        .build()
        .unwrap();
    let mut bare = Router::new().route("/none", get(|| async {}));
    let read = |session: Session<Visit>| async move {
        let _ = session.counter();
    };
    let count = |session: Session<Visit>| async move {
        let _ = session.add_counter(1);
    };
    let mut app = bare
        .clone()
        .route("/read", get(read))
        .route("/count", get(count))
        .layer(SessionLayer::new(sessions));

    let (_, response) = ask(&mut app, "/count", None);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    let visitor = cookie.split(';').next();
    for (path, cookie, most) in [
        ("/none", None, 7),
        ("/none", visitor, 7),
        ("/read", None, 9),
        ("/read", visitor, 9),
        ("/count", visitor, 16),
        ("/count", None, 20),
    ] {
        let (without, _) = ask(&mut bare, "/none", cookie);
        let (with, _) = ask(&mut app, path, cookie);
        let extra = with - without;
        println!("{path}, {}: {extra}", if cookie.is_some() { "visitor" } else { "stranger" });
        assert!(extra <= most, "{path}: {extra} allocations");
    }
}

/// The allocations that it takes to find out that no cookie is that of the application.
fn search(sessions: &Sessions, headers: &[HeaderValue]) -> u64 {
    let used = allocation_counter::measure(|| {
        let handle = sessions.begin(headers.iter().cloned());
        let session = handle.session::<Visit>().now_or_never().expect("nothing to wait for");
        assert!(session.unwrap().is_new());
    });
    used.count_total
}

#[test]
fn cookies_of_others_cost_no_allocation() {
    let headers = |value: &[u8], count| {
        // Parts of one buffer, as in a server, so that a copy shares the buffer.
        let value = HeaderValue::from_bytes(value).unwrap();
        std::iter::repeat_n(&value, count).cloned().collect::<Vec<_>>()
    };
    let rubbish = [&b"\xff\xfe=\"; =;;"[..], &b"r".repeat(8_192)].concat();
    let foreign = "theme=dark; _ga=GA1.1.1; Host-id=1; xid=2; ".repeat(200);
    let backends: [SessionsBuilder; 3] = [
        Sessions::builder(MemoryStore::new()),
        Sessions::builder(CookieStore::sealed()),
        Sessions::builder(CookieStore::signed().max_chunks(3)),
    ];
    for builder in backends {
        let sessions = builder.keys(Keyring::new([[7; 32]]).unwrap()).build().unwrap();
        // The first request registers the schema.
        search(&sessions, &[]);
        // Without any cookie there is nothing to search.
        let nothing = search(&sessions, &headers(b"theme=dark", 1));
        assert!(search(&sessions, &[]) <= nothing);
        for cookies in [&rubbish, foreign.as_bytes()] {
            assert_eq!(search(&sessions, &headers(cookies, 1)), nothing);
            // The only allocation is the list of the headers, for up to five of them.
            for count in 2..=5 {
                assert_eq!(search(&sessions, &headers(cookies, count)), nothing + 1);
            }
        }
    }
}
