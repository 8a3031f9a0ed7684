//! The jar keeps what browsers keep, and shows the session behind it.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use session_runtime::store::MemoryStore;
use session_runtime::testing::{CookieJar, FaultyStore, ManualClock, Operation};
use session_runtime::{
    Backend, CookieCommand, CookieOptions, CookieStore, Keyring, Session, SessionSchema, Sessions,
    SessionsBuilder,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
    #[session(into)]
    name: Option<String>,
}

/// Reads `name` as another type.
#[derive(SessionSchema)]
struct Misread {
    name: u64,
}

fn builder(backend: impl Into<Backend>, clock: &ManualClock) -> SessionsBuilder {
    Sessions::builder(backend).keys(Keyring::new([[7; 32]]).unwrap()).clock(clock.clone())
}

fn sessions() -> (Sessions, ManualClock) {
    let clock = ManualClock::default();
    (builder(MemoryStore::with_clock(clock.clone()), &clock).build().unwrap(), clock)
}

/// One request of the visitor.
async fn visit(sessions: &Sessions, cookies: &mut CookieJar, handler: impl Fn(&Session<Visit>)) {
    let handle = sessions.begin([HeaderValue::try_from(cookies.header()).unwrap()]);
    handler(&handle.session::<Visit>().await.unwrap());
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    if let CookieCommand::Set(set) | CookieCommand::Remove(set) = &finished.cookie {
        cookies.keep(set.iter());
    }
}

#[tokio::test]
async fn a_visitor_is_followed_through_several_requests_wherever_the_session_is_kept() {
    let clock = ManualClock::default();
    let backends: [Backend; 3] = [
        MemoryStore::with_clock(clock.clone()).into(),
        CookieStore::sealed().into(),
        CookieStore::sealed().max_chunks(3).into(),
    ];
    for backend in backends {
        let sessions = builder(backend, &clock).build().unwrap();
        let mut cookies = CookieJar::new(&sessions);
        visit(&sessions, &mut cookies, |_| {}).await;
        assert!(cookies.is_empty() && cookies.session::<Visit>().await.unwrap().is_none());

        let long = "x".repeat(2_500);
        visit(&sessions, &mut cookies, |session| session.set_name(long.clone())).await;
        visit(&sessions, &mut cookies, |session| {
            session.add_counter(2);
        })
        .await;
        let seen = cookies.session::<Visit>().await.unwrap().expect("a session");
        assert_eq!((seen.name(), seen.counter()), (Some(long), 2));

        let copy = cookies.clone();
        visit(&sessions, &mut cookies, Session::destroy).await;
        assert!(cookies.is_empty() && cookies.session::<Visit>().await.unwrap().is_none());
        assert!(!copy.is_empty());
    }
}

#[tokio::test]
async fn to_look_at_a_session_costs_one_load_and_changes_nothing() {
    let clock = ManualClock::default();
    let store = FaultyStore::new(MemoryStore::with_clock(clock.clone()));
    let sessions = builder(store.clone(), &clock).idle_timeout(HOUR).build().unwrap();
    let mut cookies = CookieJar::new(&sessions);
    visit(&sessions, &mut cookies, |session| session.set_name("Ann")).await;
    assert_eq!(store.take_calls(), [Operation::Create]);
    clock.advance(HOUR / 2);
    let seen = cookies.session::<Visit>().await.unwrap().expect("a session");
    seen.add_counter(1);
    drop(seen);
    assert_eq!(store.take_calls(), [Operation::Load]);
    assert_eq!(cookies.session::<Visit>().await.unwrap().expect("a session").counter(), 0);
    clock.advance(HOUR / 2);
    assert!(cookies.session::<Visit>().await.unwrap().is_none(), "it has expired");
    assert!(!cookies.is_empty(), "the browser does not know");
}

#[tokio::test]
async fn a_session_that_does_not_decode_is_an_error_and_not_none() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    let before = builder(store.clone(), &clock).build().unwrap();
    let issued = before.issue::<Visit>(|visit| visit.set_name("Ann")).await.unwrap();
    let mut cookies = CookieJar::new(&builder(store, &clock).build().unwrap());
    cookies.keep(issued.set_cookies());
    assert!(cookies.session::<Misread>().await.unwrap_err().is_mismatch());
}

#[tokio::test]
async fn a_persistent_cookie_goes_when_its_max_age_has_passed() {
    let clock = ManualClock::default();
    let sessions = builder(MemoryStore::with_clock(clock.clone()), &clock)
        .cookie(CookieOptions::new().persistent(true))
        .absolute_timeout(2 * HOUR)
        .build()
        .unwrap();
    let mut cookies = CookieJar::new(&sessions);
    visit(&sessions, &mut cookies, |session| session.set_name("Ann")).await;
    clock.advance(2 * HOUR - Duration::from_millis(1));
    assert!(cookies.header().starts_with("__Host-id="));
    clock.advance(Duration::from_millis(1));
    assert_eq!(cookies.header(), "");
}

#[test]
fn cookies_are_overwritten_removed_and_sent_in_the_order_they_came() {
    let (sessions, _) = sessions();
    let mut cookies = CookieJar::new(&sessions);
    cookies.keep(["one=1; Path=/", "two=2; HttpOnly", "three=3; Max-Age=60"]);
    cookies.keep(["one=first; Secure"]);
    assert_eq!(cookies.header(), "one=first; two=2; three=3");
    cookies.keep(["two=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
    cookies.keep([b"three=; Max-Age=0"]);
    // `Max-Age` is what counts.
    cookies.keep(["four=4; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
    assert_eq!(cookies.header(), "one=first; four=4");
    assert_eq!(format!("{cookies:?}"), r#"{"one", "four"}"#);
}

#[test]
#[should_panic(expected = r#""rubbish" is not a cookie"#)]
fn what_has_no_value_is_no_cookie() {
    CookieJar::new(&sessions().0).keep(["rubbish"]);
}

#[test]
#[should_panic(expected = r#""one=1\ntwo=2" is not a cookie"#)]
fn what_is_no_header_is_no_cookie() {
    CookieJar::new(&sessions().0).keep(["one=1\ntwo=2"]);
}
