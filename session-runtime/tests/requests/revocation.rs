//! Sessions in cookies that the server has ended.

use std::time::Duration;

use http::StatusCode;
use session_runtime::revocation::{Cutoff, Revocation, StoreRevocation};
use session_runtime::store::MemoryStore;
use session_runtime::testing::ManualClock;
use session_runtime::{Clock, CookieCommand, CookieStore, Sessions, Timestamp};

use crate::cookie_store::builder;
use crate::site::{Visit, Watched, begin, visit};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Sessions whose ends are remembered in a watched store.
fn revocable(clock: &ManualClock) -> (Sessions, Watched) {
    let store = Watched::new(MemoryStore::with_clock(clock.clone()));
    let cookies = CookieStore::sealed().revocation(StoreRevocation::new(store.clone()));
    (builder(cookies, clock).build().unwrap(), store)
}

#[tokio::test]
async fn asks_once_to_read_and_once_more_to_write() {
    let clock = ManualClock::default();
    let (sessions, store) = revocable(&clock);
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    assert_eq!(store.calls(), [""; 0]);
    visit(&sessions, &mut cookie, async |session| session.counter()).await;
    assert_eq!(store.calls(), ["load"]);
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    assert_eq!(store.calls(), ["load", "load"]);
    visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
    assert_eq!(store.calls(), ["load", "load", "create"]);
    visit(&sessions, &mut cookie, async |session| session.user_id()).await;
    assert_eq!(store.calls(), ["load", "load"], "the session and its principal, at once");
    visit(&sessions, &mut cookie, async |session| session.destroy()).await;
    assert_eq!(store.calls(), ["load", "load", "create"]);
    sessions.begin([]).session::<Visit>().await.unwrap();
    assert_eq!(store.calls(), [""; 0]);
}

#[tokio::test]
async fn a_slow_request_does_not_undo_a_logout() {
    let clock = ManualClock::default();
    let (sessions, _) = revocable(&clock);
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
    let slow = begin(&sessions, &cookie);
    let session = slow.session::<Visit>().await.unwrap();
    visit(&sessions, &mut cookie.clone(), async |session| session.destroy()).await;
    session.add_counter(1);
    let finished = slow.finish(StatusCode::OK).await;
    assert!(finished.error.as_ref().is_some_and(|error| error.is_gone()), "{finished:?}");
    assert_eq!(finished.cookie, CookieCommand::Nothing);

    // A copy is nobody's, as long as it would be good and after that.
    for _ in 0..30 {
        assert_eq!(
            visit(&sessions, &mut cookie.clone(), async |session| session.user_id()).await,
            None
        );
        clock.advance(HOUR);
    }
}

#[tokio::test]
async fn a_session_that_was_ended_long_ago_is_a_new_visitor() {
    let clock = ManualClock::default();
    let (sessions, _) = revocable(&clock);
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
    sessions.delete_all::<Visit>(&7).await.unwrap();
    let gone = begin(&sessions, &cookie);
    gone.session::<Visit>().await.unwrap().add_counter(1);
    assert!(gone.finish(StatusCode::OK).await.error.is_some_and(|error| error.is_gone()));
    clock.advance(Duration::from_secs(60));
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    let seen = visit(&sessions, &mut cookie, async |session| session.counter()).await;
    assert_eq!(seen, 1, "a new session in a new cookie");
}

#[tokio::test]
async fn signing_out_everywhere_else_keeps_this_device() {
    let clock = ManualClock::default();
    let (sessions, _) = revocable(&clock);
    let (mut here, mut there) = (None, None);
    for cookie in [&mut here, &mut there] {
        visit(&sessions, cookie, async |session| session.set_user_id(Some(7))).await;
    }
    let id = visit(&sessions, &mut here, async |session| session.id()).await.unwrap();
    sessions.delete_others::<Visit>(&7, &id.parse().unwrap()).await.unwrap();
    // To write the cookie again does not make it younger than the cutoff.
    clock.advance(Duration::from_millis(1));
    visit(&sessions, &mut here, async |session| session.add_counter(1)).await;
    assert_eq!(visit(&sessions, &mut here, async |session| session.user_id()).await, Some(7));
    assert_eq!(visit(&sessions, &mut there, async |session| session.user_id()).await, None);
    sessions.delete_all::<Visit>(&7).await.unwrap();
    assert_eq!(visit(&sessions, &mut here, async |session| session.user_id()).await, None);
}

/// `recent` is behind, as the operating system's is between two of its ticks.
struct Ticking(ManualClock);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn recent(&self) -> Timestamp {
        self.0.now() - Duration::from_millis(10)
    }
}

#[tokio::test]
async fn signing_out_everywhere_ends_what_was_before_to_the_millisecond() {
    let clock = ManualClock::default();
    let ended = StoreRevocation::new(MemoryStore::with_clock(clock.clone()));
    let sessions = builder(CookieStore::sealed().revocation(ended), &clock)
        .clock(Ticking(clock.clone()))
        .build()
        .unwrap();
    let (mut before, mut after) = (None, None);
    visit(&sessions, &mut before, async |session| session.set_user_id(Some(7))).await;
    clock.advance(Duration::from_millis(1));
    sessions.delete_all::<Visit>(&7).await.unwrap();
    clock.advance(Duration::from_millis(1));
    visit(&sessions, &mut after, async |session| session.set_user_id(Some(7))).await;
    assert_eq!(visit(&sessions, &mut before, async |session| session.user_id()).await, None);
    assert_eq!(visit(&sessions, &mut after, async |session| session.user_id()).await, Some(7));
}

#[tokio::test]
async fn one_device_is_signed_out_by_its_id() {
    let clock = ManualClock::default();
    let (sessions, _) = revocable(&clock);
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
    let id = visit(&sessions, &mut cookie, async |session| session.id()).await.unwrap();
    sessions.delete(&id.parse().unwrap()).await.unwrap();
    assert_eq!(visit(&sessions, &mut cookie, async |session| session.user_id()).await, None);

    let forgetful = builder(CookieStore::sealed(), &clock).build().unwrap();
    assert!(forgetful.delete(&id.parse().unwrap()).await.is_err(), "nobody would remember it");
}

#[tokio::test]
async fn a_store_that_fails_is_an_error_and_no_end() {
    let clock = ManualClock::default();
    let (sessions, store) = revocable(&clock);
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
    store.fail(true);
    let error = begin(&sessions, &cookie).session::<Visit>().await.unwrap_err();
    assert!(error.is_store(), "{error}");
    store.fail(false);
    let handle = begin(&sessions, &cookie);
    handle.session::<Visit>().await.unwrap().destroy();
    store.fail(true);
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_some_and(|error| error.is_store()));
    assert_eq!(finished.cookie, CookieCommand::Nothing, "the logout is not claimed");
}

#[tokio::test]
async fn the_later_cutoff_counts() {
    let clock = ManualClock::default();
    let ended = StoreRevocation::new(MemoryStore::with_clock(clock.clone()));
    let seven = session_runtime::record::Principal::new("user_id", "7");
    let now = clock.now();
    let until = now + 10 * HOUR;
    let cutoff = |seconds| Cutoff { at: now + Duration::from_secs(seconds), except: None };
    for (given, kept) in [(5, 5), (3, 5), (9, 9)] {
        ended.revoke_all(&seven, cutoff(given), until).await.unwrap();
        assert_eq!(ended.not_before(&seven).await.unwrap(), Some(cutoff(kept)));
    }
    let other = session_runtime::record::Principal::new("user_id", "70");
    assert_eq!(ended.not_before(&other).await.unwrap(), None);
    clock.advance(10 * HOUR);
    assert_eq!(ended.not_before(&seven).await.unwrap(), None);
    assert_eq!(ended.sweep(10).await.unwrap(), 1);
}
