//! What happens if another request, a panic or the response comes first.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, poll};
use http::StatusCode;
use session_runtime::revocation::StoreRevocation;
use session_runtime::store::{MemoryStore, Store};
use session_runtime::testing::ManualClock;
use session_runtime::{
    Backend, CookieCommand, CookieStore, FinishGuard, Keyring, OnGone, Session, SessionHandle,
    SessionSchema, Sessions,
};

use crate::site::{Site, Visit, begin, keep, visit, visitor};

/// Changes after a sign-out belong to a new session, whatever happened to the old one.
#[tokio::test]
async fn a_sign_in_after_a_destroy_outlives_the_commit_that_the_destroy_overtook() {
    for on_gone in [OnGone::Conflict, OnGone::Drop] {
        let site = Site::with(|builder| builder.on_gone(on_gone));
        let mut cookie = None;
        site.visit(&mut cookie, async |session| session.add_counter(1)).await;
        let handle = site.begin(&cookie);
        let session = handle.session::<Visit>().await.unwrap();
        session.add_counter(1);
        let id = session.id().unwrap().parse().unwrap();
        site.store.close();
        let (committed, ()) = tokio::join!(session.commit(), async {
            site.store.arrival().await;
            // Another request deletes the session meanwhile. So does this one, which then signs in.
            site.store.inner.delete(&id).await.unwrap();
            session.destroy();
            session.set_user_id(Some(8));
            site.store.open();
        });
        assert_eq!(session.user_id(), Some(8), "{on_gone:?} {committed:?}");
        let finished = handle.finish(StatusCode::OK).await;
        assert!(finished.error.is_none(), "{finished:?}");
        assert_eq!(site.sessions.list::<Visit>(&8).await.unwrap().len(), 1);
    }
}

/// Sites on which the server can delete sessions.
fn in_a_store_and_in_cookies() -> [Sessions; 2] {
    let cookies = CookieStore::sealed().revocation(StoreRevocation::new(MemoryStore::new()));
    [Backend::from(MemoryStore::new()), Backend::from(cookies)].map(|backend| {
        let keys = Keyring::new([[7; 32]]).unwrap();
        Sessions::builder(backend).keys(keys).build().unwrap()
    })
}

#[tokio::test]
async fn a_logout_ends_the_session_that_a_renewal_has_given_a_new_id() {
    for sessions in in_a_store_and_in_cookies() {
        let mut cookie = None;
        visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
        let logout = begin(&sessions, &cookie);
        logout.session::<Visit>().await.unwrap().destroy();
        // Twice, by two other requests; their responses come last.
        for _ in 0..2 {
            visit(&sessions, &mut cookie, async |session| session.renew()).await;
        }
        let finished = logout.finish(StatusCode::OK).await;
        assert!(finished.error.is_none(), "{finished:?}");
        assert!(matches!(finished.cookie, CookieCommand::Remove(_)), "{finished:?}");
        let user = visit(&sessions, &mut cookie, async |session| session.user_id()).await;
        assert_eq!(user, None);
    }
}

/// A page from before a sign-in, or a planted cookie, cannot delete the session of the user.
#[tokio::test]
async fn a_logout_from_before_a_sign_in_leaves_it_alone() {
    for sessions in in_a_store_and_in_cookies() {
        for before in [None, Some(8)] {
            let mut cookie = None;
            visit(&sessions, &mut cookie, async |session| {
                session.add_counter(1);
                session.set_user_id(before);
            })
            .await;
            let logout = begin(&sessions, &cookie);
            logout.session::<Visit>().await.unwrap().destroy();
            visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
            assert!(logout.finish(StatusCode::OK).await.error.is_none());
            let user = visit(&sessions, &mut cookie, async |session| session.user_id()).await;
            assert_eq!(user, Some(7));
        }
    }
}

/// For example a session that the application has just deleted with all others of its user.
#[tokio::test]
async fn a_session_that_has_ended_can_be_destroyed() {
    for sessions in in_a_store_and_in_cookies() {
        let mut cookie = None;
        visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
        visit(&sessions, &mut cookie, async |session| {
            sessions.delete_all::<Visit>(&7).await.unwrap();
            session.destroy();
            session.add_counter(1);
        })
        .await;
        let seen = async |session: Session<Visit>| (session.user_id(), session.counter());
        assert_eq!(visit(&sessions, &mut cookie, seen).await, (None, 1));
    }
}

#[tokio::test]
async fn a_logout_after_the_response_is_refused_where_the_cookie_is_all_there_is() {
    let keys = Keyring::new([[7; 32]]).unwrap();
    let sessions = Sessions::builder(CookieStore::sealed()).keys(keys).build().unwrap();
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
    let handle = begin(&sessions, &cookie);
    let session = handle.session::<Visit>().await.unwrap();
    assert!(handle.finish(StatusCode::OK).await.error.is_none());
    session.destroy();
    let error = session.commit().await.expect_err("the browser keeps its cookie");
    assert!(error.is_response_sent(), "{error}");
    let error = sessions.list::<Visit>(&7).await.unwrap_err();
    assert!(error.is_unsupported() && !error.is_store(), "{error}");
}

#[tokio::test]
async fn a_commit_of_nothing_after_the_response_is_fine_where_a_touch_would_be_a_cookie() {
    let clock = ManualClock::default();
    let keys = Keyring::new([[7; 32]]).unwrap();
    let builder = Sessions::builder(CookieStore::sealed()).keys(keys);
    let sessions = builder.clock(clock.clone()).build().unwrap();
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    let handle = begin(&sessions, &cookie);
    let session = handle.session::<Visit>().await.unwrap();
    assert!(handle.finish(StatusCode::OK).await.error.is_none());
    clock.advance(Duration::from_secs(30 * 60));
    session.commit().await.unwrap();
    session.touch();
    assert!(session.commit().await.unwrap_err().is_response_sent(), "it was asked for");
    session.add_counter(1);
    assert!(session.commit().await.unwrap_err().is_response_sent());
}

/// A visitor's cookie, a request with it, and what a task of that request holds.
async fn request_with_a_task(site: &Site) -> (Option<String>, SessionHandle, Session<Visit>) {
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    let handle = site.begin(&cookie);
    let task = handle.session::<Visit>().await.unwrap();
    (cookie, handle, task)
}

#[tokio::test]
async fn a_task_is_told_that_its_work_went_with_the_request() {
    let site = Site::new();
    let (mut cookie, handle, task) = request_with_a_task(&site).await;
    task.add_counter(1);
    drop(FinishGuard::new(handle));
    let error = task.commit().await.expect_err("the change was dropped");
    assert!(error.is_interrupted(), "{error}");
    task.destroy();
    task.commit().await.unwrap();
    assert!(visit(&site.sessions, &mut cookie, async |session| session.is_new()).await);

    // A touch is not a change that could be lost.
    let (_, handle, task) = request_with_a_task(&site).await;
    task.touch();
    drop(FinishGuard::new(handle));
    task.add_counter(1);
    task.commit().await.unwrap();
}

/// Its cookie could not be sent.
#[tokio::test]
async fn a_renewal_is_refused_after_a_client_left_that_waited_for_its_response() {
    let site = Site::new();
    let (mut cookie, handle, task) = request_with_a_task(&site).await;
    task.add_counter(1);
    site.store.close();
    let mut commit = Box::pin(task.commit());
    let mut finish = Box::pin(handle.finish(StatusCode::OK));
    assert!(poll!(&mut commit).is_pending());
    assert!(poll!(&mut finish).is_pending(), "it waits for the task's commit");
    drop(finish);
    site.store.open();
    commit.await.unwrap();
    task.renew();
    assert!(task.commit().await.unwrap_err().is_response_sent());
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 2);
}

/// A counter that is stored now would make a session whose cookie nobody has.
async fn cannot_begin_a_session(handle: SessionHandle) {
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    let error = session.commit().await.expect_err("no cookie can be sent any more");
    assert!(error.is_response_sent(), "{error}");
}

#[tokio::test]
async fn a_session_first_asked_for_after_the_response_cannot_begin() {
    let site = Site::new();
    let handle = site.begin(&None);
    assert!(!handle.clone().finish(StatusCode::OK).await.read);
    cannot_begin_a_session(handle).await;
}

#[tokio::test]
async fn a_session_first_asked_for_after_the_request_ended_without_a_response_cannot_begin() {
    let site = Site::new();
    let handle = site.begin(&None);
    drop(FinishGuard::new(handle.clone()));
    cannot_begin_a_session(handle).await;
}

static PANICS: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Default)]
struct Moody;

impl serde::Serialize for Moody {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(1)
    }
}

impl<'de> serde::Deserialize<'de> for Moody {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <u8 as serde::Deserialize>::deserialize(from)?;
        assert!(!PANICS.load(Ordering::SeqCst), "on purpose");
        Ok(Self)
    }
}

#[derive(SessionSchema)]
struct Mood {
    mood: Moody,
}

#[tokio::test]
async fn a_session_whose_values_panic_was_read_all_the_same() {
    let site = Site::new();
    let first = site.begin(&None);
    first.session::<Mood>().await.unwrap().set_mood(Moody);
    let mut cookie = None;
    keep(&mut cookie, &first.finish(StatusCode::OK).await);
    site.store.calls();
    let handle = site.begin(&cookie);
    PANICS.store(true, Ordering::SeqCst);
    let panicked = AssertUnwindSafe(handle.session::<Mood>()).catch_unwind().await;
    PANICS.store(false, Ordering::SeqCst);
    assert!(panicked.is_err(), "it was decoded");
    drop(handle.session::<Mood>().await.unwrap());
    assert_eq!(site.store.calls(), ["load"], "once a request");
    assert!(handle.finish(StatusCode::OK).await.read);
}

/// Commits take turns, first come, first served.
#[tokio::test]
async fn a_response_does_not_wait_for_a_task_that_saves_again_and_again() {
    let (site, cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    let mut saving = Box::pin(async {
        loop {
            session.add_counter(1);
            session.commit().await.unwrap();
        }
    });
    site.store.close();
    assert!(poll!(&mut saving).is_pending());
    let mut finishing = Box::pin(handle.finish(StatusCode::OK));
    assert!(poll!(&mut finishing).is_pending());
    site.store.open();
    assert!(poll!(&mut saving).is_pending());
    let finished = finishing.now_or_never().expect("its turn has come");
    assert!(finished.error.is_none(), "{finished:?}");
}

/// The defaults of a schema are code of the application.
#[tokio::test]
async fn saving_while_the_session_is_held_runs_no_defaults() {
    thread_local!(static SAVES: Cell<bool> = const { Cell::new(false) });

    fn name() -> String {
        assert!(!SAVES.get(), "a default while a session is saved");
        String::new()
    }

    #[derive(SessionSchema)]
    struct Named {
        #[session(counter)]
        counter: u64,
        #[session(default = name())]
        name: String,
    }

    let site = Site::new();
    let handle = site.begin(&None);
    let session = handle.session::<Named>().await.unwrap();
    session.add_counter(1);
    session.set_name("Ann".into());
    SAVES.set(true);
    session.commit().await.unwrap();
    SAVES.set(false);
    assert_eq!((session.counter(), session.name().as_str()), (1, "Ann"));
}
