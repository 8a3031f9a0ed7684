//! The store fails as it is told to, and in no other way.

use std::time::{Duration, Instant};

use session_runtime::store::MemoryStore;
use session_runtime::testing::{CookieJar, Fault, FaultyStore, Operation};
use session_runtime::{Keyring, Session, SessionError, SessionSchema, Sessions};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
    #[session(principal)]
    user_id: Option<u64>,
}

/// A store, and the cookie of a visitor whose counter is 1.
async fn somebody() -> (FaultyStore<MemoryStore>, Sessions, CookieJar) {
    let store = FaultyStore::new(MemoryStore::new());
    let keys = Keyring::new([[7; 32]]).unwrap();
    let sessions = Sessions::builder(store.clone()).keys(keys).build().unwrap();
    let mut cookies = CookieJar::new(&sessions);
    let fill = |visit: &Session<Visit>| {
        visit.add_counter(1);
        visit.set_user_id(Some(7));
    };
    cookies.keep(sessions.issue::<Visit>(fill).await.unwrap().set_cookies());
    store.take_calls();
    (store, sessions, cookies)
}

async fn counter(cookies: &CookieJar) -> u64 {
    cookies.session::<Visit>().await.unwrap().expect("a session").counter()
}

/// One more, saved at once.
async fn add(cookies: &CookieJar) -> Result<(), SessionError> {
    let session = cookies.session::<Visit>().await?.expect("a session");
    session.add_counter(1);
    session.commit().await
}

#[tokio::test]
async fn what_is_refused_was_not_done() {
    let (store, _, cookies) = somebody().await;
    store.fail_once(Operation::Update, Fault::Refused);
    let error = add(&cookies).await.unwrap_err();
    assert!(error.is_store() && error.status() == 503, "{error}");
    assert_eq!(counter(&cookies).await, 1);
}

#[tokio::test]
async fn what_was_done_may_be_answered_with_an_error() {
    let (store, _, cookies) = somebody().await;
    store.fail_once(Operation::Update, Fault::AnswerLost);
    assert!(add(&cookies).await.unwrap_err().is_store());
    assert_eq!(counter(&cookies).await, 2);
}

#[tokio::test]
async fn what_is_slow_is_done_later() {
    let (store, _, cookies) = somebody().await;
    let delay = Duration::from_millis(20);
    store.fail_once(Operation::Update, Fault::Slow(delay));
    let began = Instant::now();
    add(&cookies).await.unwrap();
    assert!(began.elapsed() >= delay);
    assert_eq!(counter(&cookies).await, 2);
}

#[tokio::test]
async fn what_hangs_is_never_done() {
    let (store, _, cookies) = somebody().await;
    store.fail_once(Operation::Update, Fault::Hangs);
    let patience = Duration::from_millis(20);
    assert!(tokio::time::timeout(patience, add(&cookies)).await.is_err());
    assert_eq!(counter(&cookies).await, 1);
}

#[tokio::test]
async fn one_operation_fails_and_the_others_do_not() {
    let (store, sessions, cookies) = somebody().await;
    store.fail(Operation::Update, Fault::Refused);
    for _ in 0..3 {
        assert!(add(&cookies).await.is_err());
    }
    assert_eq!(counter(&cookies).await, 1);
    assert_eq!(sessions.list::<Visit>(&7).await.unwrap().len(), 1);
    assert_eq!(sessions.delete_all::<Visit>(&7).await.unwrap(), 1);
    use Operation::{DeleteAll, List, Load, Update};
    let calls = [Load, Update, Load, Update, Load, Update, Load, List, DeleteAll];
    assert_eq!(store.take_calls(), calls);
    assert_eq!(store.take_calls(), []);
}

#[tokio::test]
async fn what_fails_once_comes_first_and_in_order() {
    let (store, _, cookies) = somebody().await;
    store.fail(Operation::Update, Fault::Refused);
    store.fail_once(Operation::Update, Fault::AnswerLost);
    store.fail_once(Operation::Update, Fault::Slow(Duration::ZERO));
    assert!(add(&cookies).await.is_err());
    assert_eq!(counter(&cookies).await, 2, "done, and the answer lost");
    add(&cookies).await.unwrap();
    assert!(add(&cookies).await.is_err());
    assert_eq!(counter(&cookies).await, 3);
}

#[tokio::test]
async fn after_a_recovery_nothing_fails() {
    let (store, sessions, cookies) = somebody().await;
    store.fail_all(Fault::Refused);
    store.fail_once(Operation::Load, Fault::Refused);
    assert!(cookies.session::<Visit>().await.is_err());
    assert!(sessions.list::<Visit>(&7).await.is_err());
    assert!(sessions.issue::<Visit>(|visit| visit.set_user_id(Some(8))).await.is_err());
    store.fail_once(Operation::Load, Fault::Refused);
    store.recover();
    add(&cookies).await.unwrap();
    assert_eq!(counter(&cookies).await, 2);
}
