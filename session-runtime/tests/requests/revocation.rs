//! Sessions in cookies that the server has revoked.

use std::time::Duration;

use http::StatusCode;
use session_runtime::record::{Lifetime, Principal, Record};
use session_runtime::revocation::{Cutoff, Revocation, StoreRevocation};
use session_runtime::store::{Created, MemoryStore, Store};
use session_runtime::testing::ManualClock;
use session_runtime::{
    AssuranceLevel, Clock, CookieCommand, CookieStore, Sessions, StoreKey, Timestamp,
};

use crate::cookie_store::builder;
use crate::site::{Visit, Watched, begin, visit};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Sessions in cookies, whose revocations are in a watched store.
fn revocable(clock: &ManualClock) -> (Sessions, Watched) {
    let store = Watched::new(MemoryStore::with_clock(clock.clone()));
    let cookies = CookieStore::sealed().revocation(StoreRevocation::new(store.clone()));
    (builder(cookies, clock).build().unwrap(), store)
}

/// Who is signed in with a cookie.
pub(crate) async fn user(sessions: &Sessions, cookie: &Option<String>) -> Option<u64> {
    visit(sessions, &mut cookie.clone(), async |session| session.user_id()).await
}

/// The key of the session in a cookie.
pub(crate) async fn key(sessions: &Sessions, cookie: &Option<String>) -> StoreKey {
    let id = visit(sessions, &mut cookie.clone(), async |session| session.id()).await;
    id.unwrap().parse().unwrap()
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

    // A copy of the cookie is refused before it expires and after.
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
    // Writing the cookie again does not make it newer than the cutoff.
    clock.advance(Duration::from_millis(1));
    visit(&sessions, &mut here, async |session| session.add_counter(1)).await;
    assert_eq!(visit(&sessions, &mut here, async |session| session.user_id()).await, Some(7));
    assert_eq!(visit(&sessions, &mut there, async |session| session.user_id()).await, None);
    sessions.delete_all::<Visit>(&7).await.unwrap();
    assert_eq!(visit(&sessions, &mut here, async |session| session.user_id()).await, None);
}

/// A request of a thief was under way when the sessions were revoked.
#[tokio::test]
async fn a_session_that_was_ended_does_not_come_back_by_signing_out_the_others() {
    let clock = ManualClock::default();
    for everywhere in [false, true] {
        let (sessions, _) = revocable(&clock);
        let (mut here, mut thief) = (None, None);
        for cookie in [&mut here, &mut thief] {
            visit(&sessions, cookie, async |session| session.set_user_id(Some(7))).await;
        }
        let (our_key, key_of_thief) = (key(&sessions, &here).await, key(&sessions, &thief).await);
        clock.advance(Duration::from_secs(1));
        match everywhere {
            true => sessions.delete_all::<Visit>(&7).await.unwrap(),
            false => sessions.delete_others::<Visit>(&7, &our_key).await.unwrap(),
        };
        for _ in 0..2 {
            clock.advance(Duration::from_secs(1));
            sessions.delete_others::<Visit>(&7, &key_of_thief).await.unwrap();
            assert_eq!(user(&sessions, &thief).await, None);
        }
        // The user can sign in again, as often as they like.
        visit(&sessions, &mut here, async |session| session.set_user_id(Some(7))).await;
        let our_key = key(&sessions, &here).await;
        for _ in 0..2 {
            clock.advance(Duration::from_secs(1));
            sessions.delete_others::<Visit>(&7, &our_key).await.unwrap();
            assert_eq!(user(&sessions, &here).await, Some(7));
        }
    }
}

/// A password reset: all sessions are revoked, and the visitor is signed in.
#[tokio::test]
async fn signing_in_after_signing_out_everywhere_is_not_undone_in_the_same_millisecond() {
    let clock = ManualClock::default();
    let (sessions, _) = revocable(&clock);
    let (mut before, mut cookie) = (None, None);
    visit(&sessions, &mut before, async |session| session.set_user_id(Some(7))).await;
    for _ in 0..3 {
        visit(&sessions, &mut cookie, async |session| {
            sessions.delete_all::<Visit>(&7).await.unwrap();
            session.set_user_id(Some(7));
        })
        .await;
        assert_eq!(user(&sessions, &before).await, None);
        assert_eq!(user(&sessions, &cookie).await, Some(7));
        before = cookie.take();
    }
}

/// `recent` is behind, as the operating system's coarse clock is between two ticks.
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
    let seven = Principal::new("user_id", "7");
    let now = clock.now();
    let until = now + 10 * HOUR;
    let cutoff = |seconds| Cutoff {
        at: now + Duration::from_secs(seconds),
        except: None,
        spared_after: None,
    };
    for (given, kept) in [(5, 5), (3, 5), (9, 9)] {
        ended.revoke_all(&seven, cutoff(given), until).await.unwrap();
        assert_eq!(ended.not_before(&seven).await.unwrap(), Some(cutoff(kept)));
    }
    let other = Principal::new("user_id", "70");
    assert_eq!(ended.not_before(&other).await.unwrap(), None);
    clock.advance(10 * HOUR);
    assert_eq!(ended.not_before(&seven).await.unwrap(), None);
    assert_eq!(ended.sweep(10).await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_not_understood_is_an_error() {
    let store = MemoryStore::new();
    let ended = StoreRevocation::new(store.clone());
    let now = session_runtime::SystemClock.now();
    let rubbish: [&[(&str, &str)]; 4] = [
        &[],
        &[("at", "x")],
        &[("at", "5"), ("except", "x")],
        &[("at", "5"), ("spared_after", "x")],
    ];
    for (fields, id) in rubbish.into_iter().zip(1..) {
        let id = StoreKey::from_bytes([id; 16]);
        let record = Record {
            fields: fields.iter().copied().collect(),
            created_at: now,
            expires_at: now + HOUR,
            deadline: now + HOUR,
            lifetime: Lifetime { idle: HOUR, persistent: false },
            principal: None,
        };
        assert_eq!(store.create(&id, &record).await.unwrap(), Created::Created);
        assert!(ended.revoked(&id).await.is_err(), "{fields:?}");
    }
}

#[tokio::test]
async fn a_late_cutoff_ends_the_one_that_was_spared() {
    let clock = ManualClock::default();
    let ended = StoreRevocation::new(MemoryStore::with_clock(clock.clone()));
    let (seven, here) = (Principal::new("user_id", "7"), StoreKey::from_bytes([1; 16]));
    let (now, until) = (clock.now(), clock.now() + HOUR);
    let after = |millis| now + Duration::from_millis(millis);
    for (at, except) in [(9, Some(here)), (5, None)] {
        let cutoff = Cutoff { at: after(at), except, spared_after: None };
        ended.revoke_all(&seven, cutoff, until).await.unwrap();
    }
    let cutoff = ended.not_before(&seven).await.unwrap().unwrap();
    assert_eq!(cutoff, Cutoff { at: after(9), except: Some(here), spared_after: Some(after(5)) });
    assert!(cutoff.ends(&here, after(5)) && !cutoff.ends(&here, after(6)));
}

#[tokio::test]
async fn an_end_is_not_forgotten_when_timeouts_become_shorter() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    let revocable = || CookieStore::sealed().revocation(StoreRevocation::new(store.clone()));
    let long = builder(revocable(), &clock).build().unwrap();
    let short = builder(revocable(), &clock).assurance_level(AssuranceLevel::Aal2).build().unwrap();
    let (mut out, mut all, mut live) = (None, None, None);
    for (cookie, id) in [(&mut out, 7), (&mut all, 8), (&mut live, 9)] {
        visit(&long, cookie, async |session| {
            session.set_user_id(Some(id));
            session.remember(true);
        })
        .await;
    }
    clock.advance(HOUR);
    visit(&short, &mut out.clone(), async |session| session.destroy()).await;
    short.delete_all::<Visit>(&8).await.unwrap();
    let expires_at = visit(&short, &mut live.clone(), async |session| session.expires_at()).await;
    assert_eq!(expires_at, Some(clock.now() + 23 * HOUR), "the absolute timeout of today");
    for _ in 0..90 {
        for cookie in [&out, &all] {
            assert_eq!(user(&short, cookie).await, None);
        }
        clock.advance(24 * HOUR);
    }
}
