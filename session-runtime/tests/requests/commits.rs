//! Commits that fail, overlap, or come late.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{StatusCode, header};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::store::{Loaded, Store};
use session_runtime::{CookieCommand, OnGone, StoreKey};

use crate::site::{Site, Visit, keep, visitor, visitor_of};

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

/// Changes of a task while another task's commit is refused are dropped, and the task gets an
/// error.
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
                // It gets the error once.
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
