//! What happens when another request, a panic or the response was faster.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use http::StatusCode;
use session_runtime::store::Store;
use session_runtime::{FinishGuard, OnGone, SessionHandle, SessionSchema};

use crate::site::{Site, Visit, keep};

/// What is done after a sign-out is another session's: what became of the old one is no matter.
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
            // Another request ends it meanwhile, and so does this one, which signs in then.
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

/// A counter that is stored now would be a session whose cookie nobody has.
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
