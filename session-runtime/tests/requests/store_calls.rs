//! Nothing is read or written that a request did not need.

use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use session_runtime::Session;

use crate::site::{Site, Visit, keep};

#[tokio::test]
async fn each_request_pays_for_what_it_does() {
    let site = Site::new();
    let mut cookie = None;
    let calls = async |cookie: &mut Option<String>, handler: fn(Session<Visit>)| {
        site.visit(cookie, async |session| handler(session)).await;
        site.store.calls()
    };
    let read = |session: Session<Visit>| assert!(session.name().is_none());
    let add = |session: Session<Visit>| assert!(session.add_counter(1) > 0);
    assert_eq!(calls(&mut cookie, read).await, [""; 0], "no cookie, no data");
    assert_eq!(calls(&mut cookie, |session| session.clear_name()).await, [""; 0]);
    assert_eq!(calls(&mut cookie, |session| session.set_name(None)).await, [""; 0]);
    assert_eq!(calls(&mut cookie, add).await, ["create"]);
    assert_eq!(calls(&mut cookie, read).await, ["load"]);
    assert_eq!(calls(&mut cookie, add).await, ["load", "update"]);
    assert_eq!(calls(&mut cookie, |session| drop(session.take_notice())).await, ["load"]);
    assert_eq!(calls(&mut cookie, |session| drop(session.update_items(|_| {}))).await, ["load"]);
    let everything = |session: Session<Visit>| {
        session.add_counter(1);
        session.set_name(Some("Ann".into()));
        session.update_items(|items| items.push("a".into()));
        session.flash_notice("hi".into());
    };
    assert_eq!(calls(&mut cookie, everything).await, ["load", "update"]);
    let sign_in = |session: Session<Visit>| session.set_user_id(Some(7));
    assert_eq!(calls(&mut cookie, sign_in).await, ["load", "rename"]);
    assert_eq!(calls(&mut cookie, |session| session.destroy()).await, ["load", "delete"]);
    assert_eq!(calls(&mut cookie, |session| session.destroy()).await, [""; 0]);
}

#[tokio::test]
async fn a_request_that_asks_for_no_session_costs_no_call() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    site.store.calls();
    let handle = site.begin(&cookie);
    let finished = handle.finish(StatusCode::OK).now_or_never().expect("nothing to wait for");
    assert!(!finished.read && finished.error.is_none());
    assert_eq!(site.store.calls(), [""; 0]);
}

#[tokio::test]
async fn a_session_is_touched_when_a_tenth_of_its_idle_time_has_gone() {
    let idle = Duration::from_secs(1_000);
    let site = Site::with(|builder| builder.idle_timeout(idle));
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    site.store.calls();
    let mut read_after = async |seconds| {
        site.clock.advance(Duration::from_secs(seconds));
        let handle = site.begin(&cookie);
        let _ = handle.session::<Visit>().await.unwrap().counter();
        let finished = handle.finish(StatusCode::OK).await;
        assert_eq!(finished.cookie, session_runtime::CookieCommand::Nothing);
        keep(&mut cookie, &finished);
        site.store.calls()
    };
    assert_eq!(read_after(100).await, ["load"]);
    assert_eq!(read_after(1).await, ["load", "update"]);
    assert_eq!(read_after(100).await, ["load"]);
    assert_eq!(read_after(899).await, ["load", "update"]);
    assert_eq!(read_after(1_000).await, ["load"], "expired");
}

#[tokio::test]
async fn extracting_twice_loads_once() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    site.store.calls();
    let handle = site.begin(&cookie);
    let (one, two) = tokio::join!(handle.session::<Visit>(), handle.session::<Visit>());
    let (one, two) = (one.unwrap(), two.unwrap());
    one.add_counter(1);
    assert_eq!((two.counter(), two.clone().add_counter(1)), (2, 3));
    assert_eq!(handle.finish(StatusCode::OK).await.error.map(|error| error.to_string()), None);
    assert_eq!(site.store.calls(), ["load", "update"]);
    assert_eq!(site.visit(&mut cookie, async |session| session.counter()).await, 3);
}

#[tokio::test]
async fn a_sweep_goes_on_until_it_is_stopped() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    let swept = async |times: usize| {
        let mut seen = 0;
        while seen < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
            seen += site.store.calls().iter().filter(|call| **call == "sweep").count();
        }
    };
    let sweeper = site.sessions.sweep_every(Duration::from_millis(1));
    tokio::time::timeout(Duration::from_secs(10), swept(3)).await.unwrap();
    assert_eq!(site.store.swept(), 0, "live sessions stay");
    site.clock.advance(Duration::from_secs(24 * 60 * 60));
    tokio::time::timeout(Duration::from_secs(10), swept(3)).await.unwrap();
    assert_eq!(site.store.swept(), 1);
    sweeper.stop().await;
    site.store.calls();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(site.store.calls(), [""; 0]);
}
