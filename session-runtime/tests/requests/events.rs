//! The application learns what happened to sessions, after it has happened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use session_runtime::record::Principal;
use session_runtime::{
    Clock, CookieStore, Keyring, SessionEvent, Sessions, SessionsBuilder, StoreKey,
};

use crate::site::{Site, Visit, visit};

/// The events as text without their times.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<SessionEvent>>>);

impl Told {
    fn listen(&self, builder: SessionsBuilder) -> SessionsBuilder {
        let told = self.clone();
        builder.on_event(move |event| told.0.lock().unwrap().push(event.clone()))
    }

    /// The events since the last call.
    fn take(&self) -> Vec<String> {
        let events = std::mem::take(&mut *self.0.lock().unwrap());
        events.iter().map(text).collect()
    }
}

fn text(event: &SessionEvent) -> String {
    let who = |principal: &Option<Principal>| match principal {
        Some(principal) => format!("{} {}", principal.key(), principal.value()),
        None => "nobody".to_owned(),
    };
    match event {
        SessionEvent::Created { id, principal, .. } => {
            format!("created {id} of {}", who(principal))
        }
        SessionEvent::Renewed { from, to, principal, .. } => {
            format!("renewed {from} as {to} of {}", who(principal))
        }
        SessionEvent::Destroyed { id, principal, .. } => {
            format!("destroyed {id} of {}", who(principal))
        }
        SessionEvent::Deleted { id, .. } => format!("deleted {id}"),
        SessionEvent::DeletedAll { principal, except, count, .. } => {
            format!("deleted {count} of {} but {except:?}", who(&Some(principal.clone())))
        }
        other => panic!("{other:?}"),
    }
}

async fn id(sessions: &Sessions, cookie: &Option<String>) -> StoreKey {
    let id = visit(sessions, &mut cookie.clone(), async |session| session.id()).await;
    id.unwrap().parse().unwrap()
}

#[tokio::test]
async fn each_event_is_told_once_with_ids_and_principal() {
    let told = Told::default();
    let stored = Site::with(|builder| told.listen(builder));
    let held = told
        .listen(Sessions::builder(CookieStore::sealed()))
        .keys(Keyring::new([[7; 32]]).unwrap())
        .build()
        .unwrap();
    for sessions in [&stored.sessions, &held] {
        let mut cookie = None;
        visit(sessions, &mut cookie, async |session| session.name()).await;
        assert_eq!(told.take(), [""; 0], "nothing is stored");
        visit(sessions, &mut cookie, async |session| session.add_counter(1)).await;
        let first = id(sessions, &cookie).await;
        assert_eq!(told.take(), [format!("created {first} of nobody")]);
        visit(sessions, &mut cookie, async |session| session.add_counter(1)).await;
        assert_eq!(told.take(), [""; 0], "a save is no event");

        visit(sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
        let second = id(sessions, &cookie).await;
        assert_eq!(told.take(), [format!("renewed {first} as {second} of user_id 7")]);
        visit(sessions, &mut cookie, async |session| session.renew()).await;
        let third = id(sessions, &cookie).await;
        assert_eq!(told.take(), [format!("renewed {second} as {third} of user_id 7")]);

        visit(sessions, &mut cookie, async |session| {
            session.destroy();
            session.add_counter(1);
        })
        .await;
        let fourth = id(sessions, &cookie).await;
        let destroyed = format!("destroyed {third} of user_id 7");
        assert_eq!(told.take(), [destroyed, format!("created {fourth} of nobody")]);
        let issued = sessions.issue::<Visit>(|visit| visit.set_user_id(Some(8))).await.unwrap();
        assert_eq!(told.take(), [format!("created {} of user_id 8", issued.id())]);
        visit(sessions, &mut None, async |session| session.destroy()).await;
        assert_eq!(told.take(), [""; 0], "there was nothing");
    }
}

#[tokio::test]
async fn what_operators_end_is_told() {
    let told = Told::default();
    let site = Site::with(|builder| told.listen(builder));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let fill = |visit: &session_runtime::Session<Visit>| visit.set_user_id(Some(7));
        ids.push(*site.sessions.issue::<Visit>(fill).await.unwrap().id());
    }
    told.take();
    site.sessions.delete(&ids[0]).await.unwrap();
    assert_eq!(told.take(), [format!("deleted {}", ids[0])]);
    site.sessions.delete_others::<Visit>(&7, &ids[1]).await.unwrap();
    assert_eq!(told.take(), [format!("deleted 1 of user_id 7 but {:?}", Some(ids[1]))]);
    site.sessions.delete_all::<Visit>(&7).await.unwrap();
    assert_eq!(told.take(), ["deleted 1 of user_id 7 but None"]);
}

#[tokio::test]
async fn what_the_store_has_not_confirmed_is_not_told() {
    let told = Told::default();
    let site = Site::with(|builder| told.listen(builder));
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    let first = id(&site.sessions, &cookie).await;
    told.take();

    site.store.fail(true);
    let handle = site.begin(&None);
    handle.session::<Visit>().await.unwrap().add_counter(1);
    assert!(handle.finish(StatusCode::OK).await.error.is_some());
    assert!(site.sessions.delete(&first).await.is_err());
    site.store.fail(false);
    for step in ["renew", "destroy"] {
        let handle = site.begin(&cookie);
        let session = handle.session::<Visit>().await.unwrap();
        if step == "renew" {
            session.renew();
        } else {
            session.destroy();
        }
        site.store.fail(true);
        assert!(handle.finish(StatusCode::OK).await.error.is_some());
        site.store.fail(false);
    }
    assert_eq!(told.take(), [""; 0]);
}

/// Nobody learns the new id of a renewal that a logout has overtaken.
#[tokio::test]
async fn a_session_destroyed_during_its_renewal_is_told_as_destroyed() {
    let told = Told::default();
    let site = Site::with(|builder| told.listen(builder));
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    let first = id(&site.sessions, &cookie).await;
    told.take();
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
    assert!(handle.finish(StatusCode::OK).await.error.is_none());
    assert_eq!(told.take(), [format!("destroyed {first} of nobody")]);
}

#[tokio::test]
async fn an_event_says_when_it_happened() {
    let told = Told::default();
    let site = Site::with(|builder| told.listen(builder));
    site.clock.advance(Duration::from_secs(5));
    site.visit(&mut None, async |session| session.add_counter(1)).await;
    let events = told.0.lock().unwrap().clone();
    let [SessionEvent::Created { at, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!(at, site.clock.now());
}

#[tokio::test]
async fn a_hook_that_panics_loses_the_response_and_not_the_session() {
    let site = Site::with(|builder| builder.on_event(|_| panic!("on purpose")));
    let issue = site.sessions.issue::<Visit>(|visit| visit.set_user_id(Some(7)));
    let issued = catch_unwind(AssertUnwindSafe(|| issue.now_or_never()));
    assert_eq!(issued.unwrap_err().downcast_ref(), Some(&"on purpose"));
    assert_eq!(site.sessions.list::<Visit>(&7).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hook_that_panics_keeps_nothing_from_being_saved() {
    let site = Site::with(|builder| {
        builder.on_event(|event| assert!(!matches!(event, SessionEvent::Destroyed { .. })))
    });
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.set_user_id(Some(7))).await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.destroy();
    session.set_user_id(Some(8));
    let finish = AssertUnwindSafe(|| handle.finish(StatusCode::OK).now_or_never());
    assert!(catch_unwind(finish).is_err());
    assert_eq!(site.sessions.list::<Visit>(&7).await.unwrap().len(), 0);
    assert_eq!(site.sessions.list::<Visit>(&8).await.unwrap().len(), 1);
}

/// Nothing is locked meanwhile.
#[tokio::test]
async fn a_hook_may_end_the_session() {
    let sessions: Arc<Mutex<Option<Sessions>>> = Arc::default();
    let told = Told::default();
    let site = Site::with(|builder| {
        let sessions = sessions.clone();
        told.listen(builder).on_event(move |event| {
            if let SessionEvent::Created { id, .. } = event {
                let sessions = sessions.lock().unwrap().clone().unwrap();
                sessions.delete(id).now_or_never().unwrap().unwrap();
            }
        })
    });
    *sessions.lock().unwrap() = Some(site.sessions.clone());
    let issued = site.sessions.issue::<Visit>(|visit| visit.set_counter(1)).await.unwrap();
    let id = issued.id();
    assert_eq!(told.take(), [format!("created {id} of nobody"), format!("deleted {id}")]);
    let mut cookie = Some(issued.cookie_header());
    assert!(site.visit(&mut cookie, async |session| session.is_new()).await);
}
