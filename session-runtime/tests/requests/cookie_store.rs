//! Sessions that live in cookies, with a clock that is moved by hand.

use std::time::Duration;

use http::StatusCode;
use session_runtime::testing::ManualClock;
use session_runtime::{
    CookieCommand, CookieOptions, CookieStore, Keyring, Sessions, SessionsBuilder,
};

use crate::site::{Visit, begin, keep, visit};

const HOUR: Duration = Duration::from_secs(60 * 60);

pub(crate) fn builder(store: CookieStore, clock: &ManualClock) -> SessionsBuilder {
    Sessions::builder(store).keys(Keyring::new([[7; 32]]).unwrap()).clock(clock.clone())
}

#[tokio::test]
async fn the_seal_holds_the_time_outs() {
    let clock = ManualClock::default();
    let sessions = builder(CookieStore::sealed(), &clock).build().unwrap();
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    let stale = cookie.clone();
    clock.advance(HOUR / 2);
    assert_eq!(visit(&sessions, &mut cookie, async |session| session.counter()).await, 1);
    assert_ne!(cookie, stale, "a touch is a new cookie");
    clock.advance(HOUR / 2);
    assert_eq!(visit(&sessions, &mut stale.clone(), async |session| session.counter()).await, 0);
    for _ in 0..46 {
        assert_eq!(visit(&sessions, &mut cookie, async |session| session.counter()).await, 1);
        clock.advance(HOUR / 2);
    }
    let seen = visit(&sessions, &mut cookie, async |session| session.counter()).await;
    assert_eq!(seen, 0, "the absolute time-out");
}

#[tokio::test]
async fn a_remembered_session_tells_the_browser_what_is_left() {
    let clock = ManualClock::default();
    let sessions = builder(CookieStore::sealed(), &clock).build().unwrap();
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    let handle = begin(&sessions, &cookie);
    handle.session::<Visit>().await.unwrap().remember(true);
    let finished = handle.finish(StatusCode::OK).await;
    let CookieCommand::Set(cookies) = &finished.cookie else { panic!("{finished:?}") };
    let days: Vec<_> = cookies.iter().collect();
    assert!(days[0].ends_with(&format!("Max-Age={}", 90 * 24 * 60 * 60)), "{days:?}");
    keep(&mut cookie, &finished);
    clock.advance(29 * 24 * HOUR);
    assert_eq!(visit(&sessions, &mut cookie, async |session| session.counter()).await, 1);
}

#[tokio::test]
async fn what_does_not_fit_names_the_fields() {
    let clock = ManualClock::default();
    let sessions = builder(CookieStore::sealed(), &clock).build().unwrap();
    let handle = sessions.begin([]);
    let session = handle.session::<Visit>().await.unwrap();
    session.set_name(Some("x".repeat(3_000)));
    session.set_counter(1);
    let error = session.commit().await.unwrap_err();
    assert!(error.is_too_large());
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let text = error.to_string();
    assert!(text.ends_with("`name` 3006 bytes, `counter` 8 bytes"), "{text}");
    // The handler can make room and go on.
    session.set_name(Some("x".repeat(2_000)));
    assert!(matches!(handle.finish(StatusCode::OK).await.cookie, CookieCommand::Set(_)));
}

#[tokio::test]
async fn no_change_after_the_response() {
    let clock = ManualClock::default();
    let sessions = builder(CookieStore::sealed(), &clock).build().unwrap();
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    let handle = begin(&sessions, &cookie);
    let session = handle.session::<Visit>().await.unwrap();
    let _ = handle.finish(StatusCode::OK).await;
    session.add_counter(1);
    assert!(session.commit().await.unwrap_err().is_response_sent());
}

#[test]
fn impossible_configurations_are_refused() {
    let clock = ManualClock::default();
    for chunks in [0, 10] {
        let store = CookieStore::sealed().max_chunks(chunks);
        let error = builder(store, &clock).build().unwrap_err().to_string();
        assert!(error.contains(&format!("from 1 to 9, not {chunks}")), "{error}");
    }
    let persistent = CookieOptions::new().persistent(true);
    let error = builder(CookieStore::sealed(), &clock)
        .cookie(persistent)
        .absolute_timeout(401 * 24 * HOUR)
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("400 days"), "{error}");
}
