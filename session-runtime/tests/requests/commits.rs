//! Commits that fail, overlap, or come late.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{StatusCode, header};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::store::{Loaded, Store};
use session_runtime::{CookieCommand, OnGone, SessionSchema, StoreKey};

use crate::site::{Site, Visit, keep};

/// A site and the cookie of a visitor whose counter is 1.
async fn visitor() -> (Site, Option<String>) {
    visitor_of(Site::new()).await
}

async fn visitor_of(site: Site) -> (Site, Option<String>) {
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    (site, cookie)
}

#[tokio::test]
async fn a_failing_store_is_an_error_and_never_an_empty_session() {
    let (site, cookie) = visitor().await;
    let handle = site.begin(&cookie);
    site.store.fail(true);
    let error = handle.session::<Visit>().await.unwrap_err();
    assert!(error.is_store());
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    // The same request may try again.
    site.store.fail(false);
    let session = handle.session::<Visit>().await.unwrap();
    assert_eq!(session.add_counter(1), 2);
    site.store.fail(true);
    let finished = handle.finish(StatusCode::OK).await;
    assert_eq!(finished.cookie, CookieCommand::Nothing);
    assert!(finished.error.unwrap().is_store());
}

#[tokio::test]
async fn a_failed_commit_is_not_sent_again_and_is_reported() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    site.store.fail(true);
    assert!(session.commit().await.unwrap_err().is_store());
    site.store.fail(false);
    assert!(session.commit().await.unwrap_err().is_interrupted());
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.unwrap().is_interrupted());
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 1);
}

#[tokio::test]
async fn a_failed_commit_takes_back_no_cookie() {
    let site = Site::new();
    let handle = site.begin(&None);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    session.commit().await.unwrap(); // stored, and the cookie waits for the response
    session.add_counter(1);
    drop(session);
    site.store.fail(true);
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.as_ref().unwrap().is_store());
    site.store.fail(false);
    let mut cookie = None;
    keep(&mut cookie, &finished);
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 1);
}

#[tokio::test]
async fn a_cancelled_commit_is_not_sent_again_and_is_reported() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    site.store.close();
    let cancelled = tokio::time::timeout(Duration::from_millis(10), session.commit()).await;
    assert!(cancelled.is_err());
    site.store.open();
    assert!(session.commit().await.unwrap_err().is_interrupted());
    assert!(handle.finish(StatusCode::OK).await.error.unwrap().is_interrupted());
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 1);
}

#[tokio::test]
async fn destroying_after_a_cancelled_renewal_leaves_no_live_session() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.set_user_id(Some(7));
    site.store.close();
    // The store has renamed the session; its answer is lost.
    assert!(tokio::time::timeout(Duration::from_millis(10), session.commit()).await.is_err());
    assert_eq!(site.sessions.list::<Visit>(&7).await.unwrap().len(), 1);
    site.store.open();
    session.destroy();
    let finished = handle.finish(StatusCode::OK).await;
    assert!(matches!(finished.cookie, CookieCommand::Remove(_)), "{finished:?}");
    keep(&mut cookie, &finished);
    assert_eq!(site.sessions.list::<Visit>(&7).await.unwrap().len(), 0);
}

#[tokio::test]
async fn destroying_during_a_commit_wins() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.set_user_id(Some(7));
    site.store.close();
    let (committed, ()) = tokio::join!(session.commit(), async {
        site.store.arrival().await;
        session.destroy();
        site.store.open();
    });
    committed.unwrap();
    assert!(session.is_new());
    let finished = handle.finish(StatusCode::OK).await;
    assert!(matches!(finished.cookie, CookieCommand::Remove(_)), "{finished:?}");
    keep(&mut cookie, &finished);
    assert_eq!(site.sessions.list::<Visit>(&7).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_failed_logout_is_told_and_can_be_repeated() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    handle.session::<Visit>().await.unwrap().destroy();
    site.store.fail(true);
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.as_ref().unwrap().is_store());
    assert_eq!(finished.cookie, CookieCommand::Nothing, "the cookie is needed to try again");
    site.store.fail(false);
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 1);
}

#[tokio::test]
async fn changes_during_a_commit_are_saved_by_the_next() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    session.update_items(|items| items.push("a".into()));
    site.store.close();
    let (committed, ()) = tokio::join!(session.commit(), async {
        site.store.arrival().await;
        session.add_counter(10);
        session.update_items(|items| items.push("b".into()));
        session.set_name(Some("Ann".into()));
        site.store.open();
    });
    committed.unwrap();
    assert_eq!((session.counter(), session.items()), (12, vec!["a".into(), "b".into()]));
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    site.visit(&mut cookie, async |session| {
        assert_eq!((session.counter(), session.name()), (12, Some("Ann".into())));
        assert_eq!(session.items(), ["a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn rewrites_overtaken_during_a_commit_are_replayed_with_what_came_later() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    site.visit(&mut cookie.clone(), async |other| {
        other.update_items(|items| items.push("other".into()));
        other.add_counter(100);
    })
    .await;
    session.update_items(|items| items.push("a".into()));
    site.store.close();
    let (committed, ()) = tokio::join!(session.commit(), async {
        site.store.arrival().await;
        session.update_items(|items| items.push("b".into()));
        session.add_counter(1);
        site.store.open();
    });
    committed.unwrap();
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    assert_eq!(session.items(), ["other", "a", "b"]);
    assert_eq!(session.counter(), 102);
    site.visit(&mut cookie, async |session| {
        assert_eq!(session.items(), ["other", "a", "b"]);
        assert_eq!(session.counter(), 102);
    })
    .await;
}

/// What a task changes while the commit of another is refused is dropped, and the task is told.
#[tokio::test]
async fn changes_during_a_commit_that_fails_are_not_lost_in_silence() {
    for (ends, finishes) in [(false, false), (false, true), (true, false), (true, true)] {
        let (site, cookie) = visitor().await;
        let handle = site.begin(&cookie);
        let session = handle.session::<Visit>().await.unwrap();
        let key: StoreKey = session.id().unwrap().parse().unwrap();
        session.add_counter(1);
        site.store.close();
        let first = async {
            match finishes {
                true => handle.finish(StatusCode::OK).await.error,
                false => session.commit().await.err(),
            }
        };
        let (error, ()) = tokio::join!(first, async {
            site.store.arrival().await;
            let text = FieldOp::Set("true".into());
            let patch = Patch { fields: vec![("counter".into(), text)], ..Patch::empty() };
            match ends {
                true => site.store.inner.delete(&key).await.unwrap(),
                false => drop(site.store.inner.update(&key, &patch).await.unwrap()),
            }
            session.set_name(Some("Ann".into()));
            site.store.open();
        });
        let error = error.expect("the counter was not saved");
        assert!(if ends { error.is_gone() } else { error.is_mismatch() }, "{error}");
        let again = session.commit().await.expect_err("the name was not saved");
        match ends {
            true => assert!(again.is_gone(), "{again}"),
            false => {
                assert!(again.is_interrupted(), "{again}");
                assert_eq!(session.name(), None);
                // Told once.
                session.set_name(Some("Bob".into()));
                session.commit().await.unwrap();
                let record = site.store.inner.load(&key).await.unwrap();
                let Loaded::Live(record) = record else { panic!("{record:?}") };
                assert_eq!(record.fields.get("name"), Some("\"Bob\""));
            }
        }
    }
}

#[tokio::test]
async fn endless_conflicts_end_with_the_deadline() {
    let deadline = Duration::from_millis(50);
    let (site, cookie) =
        visitor_of(Site::with(|builder| builder.conflict_deadline(deadline))).await;
    let handle = site.begin(&cookie);
    handle.session::<Visit>().await.unwrap().update_items(|items| items.push("a".into()));
    site.store.conflicting.store(true, Ordering::SeqCst);
    let finished = handle.finish(StatusCode::OK).await;
    let error = finished.error.as_ref().unwrap();
    assert!(error.is_contended(), "{error}");
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    let mut names = Vec::new();
    finished.headers(false, |name, _| names.push(name));
    assert!(names.contains(&header::RETRY_AFTER));
}

#[tokio::test]
async fn after_the_response_data_is_saved_and_cookies_are_refused() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    assert!(handle.finish(StatusCode::OK).await.error.is_none());
    session.add_counter(1);
    session.commit().await.unwrap();
    session.set_user_id(Some(7));
    assert!(session.commit().await.unwrap_err().is_response_sent());
    assert_eq!(session.user_id(), None, "what could not be saved is not shown");
    session.add_counter(1);
    session.commit().await.unwrap();
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 3);

    let guest = site.begin(&None);
    let session = guest.session::<Visit>().await.unwrap();
    assert!(guest.finish(StatusCode::OK).await.error.is_none());
    session.add_counter(1);
    assert!(session.commit().await.unwrap_err().is_response_sent());
}

#[tokio::test]
async fn an_abandoned_request_saves_nothing() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    drop(session_runtime::FinishGuard::new(handle));
    assert_eq!(session.counter(), 1);
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 1);
}

#[tokio::test]
async fn a_closure_that_holds_the_session_does_not_keep_it_alive() {
    let (site, cookie) = visitor().await;
    let alive = Arc::new(());
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    let (inner, token) = (session.clone(), alive.clone());
    // It runs without the lock, so it can read the session.
    session.update_items(move |items| {
        let _ = &token;
        items.push(inner.counter().to_string());
    });
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    drop(session);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[tokio::test]
async fn server_errors_save_renewals_alone_if_asked() {
    let site = Site::with(|builder| builder.skip_commit_on_server_error(true));
    let (site, mut cookie) = visitor_of(site).await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    session.set_user_id(Some(7));
    let finished = handle.finish(StatusCode::BAD_GATEWAY).await;
    assert!(matches!(finished.cookie, CookieCommand::Set(_)), "{finished:?}");
    keep(&mut cookie, &finished);
    site.visit(&mut cookie, async |session| {
        assert_eq!((session.counter(), session.user_id()), (1, Some(7)));
    })
    .await;
}

#[tokio::test]
async fn what_a_server_error_leaves_unsaved_stays_unsaved() {
    let site = Site::with(|builder| builder.skip_commit_on_server_error(true));
    let (site, mut cookie) = visitor_of(site).await;
    let handle = site.begin(&cookie);
    let task = handle.session::<Visit>().await.unwrap();
    task.update_items(|items| items.push("unsaved".into()));
    // Something else is saved: a touch.
    site.clock.advance(Duration::from_secs(30 * 60));
    assert!(handle.finish(StatusCode::BAD_GATEWAY).await.error.is_none());
    assert!(task.items().is_empty());
    task.update_items(|items| items.push("saved".into()));
    task.commit().await.unwrap();
    assert_eq!(site.visit(&mut cookie, async |session| session.items()).await, ["saved"]);

    // A new session, of which the principal is saved.
    let handle = site.begin(&None);
    let task = handle.session::<Visit>().await.unwrap();
    task.set_user_id(Some(7));
    task.update_items(|items| items.push("unsaved".into()));
    assert!(handle.finish(StatusCode::BAD_GATEWAY).await.error.is_none());
    assert_eq!((task.user_id(), task.items()), (Some(7), vec![]));
}

#[tokio::test]
async fn a_server_error_is_told_as_it_is_though_the_session_has_gone() {
    let site = Site::with(|builder| builder.skip_commit_on_server_error(true));
    let (site, cookie) = visitor_of(site).await;
    site.visit(&mut cookie.clone(), async |session| session.destroy()).await;
    let late = site.begin(&cookie);
    late.session::<Visit>().await.unwrap().add_counter(1);
    let finished = late.finish(StatusCode::BAD_GATEWAY).await;
    assert!(finished.error.is_none(), "nothing was to be saved: {finished:?}");
}

#[tokio::test]
async fn dropped_work_is_silent_if_asked() {
    let site = Site::with(|builder| builder.on_gone(OnGone::Drop));
    let (site, cookie) = visitor_of(site).await;
    let slow = site.begin(&cookie);
    let session = slow.session::<Visit>().await.unwrap();
    site.visit(&mut cookie.clone(), async |session| session.destroy()).await;
    session.add_counter(1);
    let finished = slow.finish(StatusCode::OK).await;
    assert!(finished.error.is_none() && finished.cookie == CookieCommand::Nothing);
    let late = site.begin(&cookie);
    late.session::<Visit>().await.unwrap().add_counter(1);
    let finished = late.finish(StatusCode::OK).await;
    assert!(finished.error.is_none() && finished.cookie == CookieCommand::Nothing);
}

#[tokio::test]
async fn a_value_that_cannot_be_written_is_an_error() {
    #[derive(Clone, Default, serde::Deserialize)]
    struct Unwritable;

    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }

    #[derive(SessionSchema)]
    struct Odd {
        thing: Unwritable,
    }

    let site = Site::new();
    let handle = site.begin(&None);
    handle.session::<Odd>().await.unwrap().set_thing(Unwritable);
    let error = handle.finish(StatusCode::OK).await.error.unwrap();
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error.to_string().contains("`thing`"), "{error}");

    // A commit saves all or nothing, and what an early one reported is dropped.
    let handle = site.begin(&None);
    let visit = handle.session::<Visit>().await.unwrap();
    visit.add_counter(1);
    handle.session::<Odd>().await.unwrap().set_thing(Unwritable);
    assert!(handle.commit().await.is_err());
    assert_eq!(visit.counter(), 0);
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none() && finished.cookie == CookieCommand::Nothing);
}
