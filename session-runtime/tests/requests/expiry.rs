//! Time-outs.

use std::time::Duration;

use http::StatusCode;
use session_runtime::CookieCommand;

use crate::site::{Site, Visit, keep};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

async fn counter(site: &Site, cookie: &Option<String>) -> u64 {
    site.visit(&mut cookie.clone(), async |session| session.counter()).await
}

fn wait(site: &Site, seconds: u64) {
    site.clock.advance(Duration::from_secs(seconds));
}

#[tokio::test]
async fn an_unused_session_ends_on_the_millisecond() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    site.clock.advance(Duration::from_secs(HOUR) - Duration::from_millis(1));
    let record = site.store.inner.clone();
    let id = site.visit(&mut cookie.clone(), async |session| session.id()).await.unwrap();
    // That visit touched the session; an hour later it is over.
    site.clock.advance(Duration::from_secs(HOUR) - Duration::from_millis(1));
    assert!(matches!(load(&record, &id).await, session_runtime::store::Loaded::Live(_)));
    site.clock.advance(Duration::from_millis(1));
    assert_eq!(load(&record, &id).await, session_runtime::store::Loaded::Absent);
    assert_eq!(counter(&site, &cookie).await, 0);
}

async fn load(
    store: &session_runtime::store::MemoryStore,
    id: &str,
) -> session_runtime::store::Loaded {
    session_runtime::store::Store::load(store, &id.parse().unwrap()).await.unwrap()
}

#[tokio::test]
async fn no_use_extends_a_session_beyond_its_absolute_timeout() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    for _ in 0..47 {
        wait(&site, HOUR / 2);
        assert_eq!(counter(&site, &cookie).await, 1);
    }
    wait(&site, HOUR / 2);
    assert_eq!(counter(&site, &cookie).await, 0);
}

#[tokio::test]
async fn signing_in_restarts_the_absolute_timeout_and_renewing_does_not() {
    let site = Site::with(|builder| builder.idle_timeout(Duration::from_secs(DAY)));
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    wait(&site, DAY / 2);
    site.visit(&mut cookie, async |session| session.set_user_id(Some(7))).await;
    wait(&site, DAY / 2);
    site.visit(&mut cookie, async |session| session.renew()).await;
    wait(&site, DAY / 2 - 1);
    assert_eq!(counter(&site, &cookie).await, 1);
    wait(&site, 1);
    assert_eq!(counter(&site, &cookie).await, 0);
}

#[tokio::test]
async fn a_remembered_session_lives_longer_and_tells_the_browser_what_is_left() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| {
        session.set_user_id(Some(7));
        session.remember(true);
    })
    .await;
    wait(&site, 29 * DAY);
    assert_eq!(site.visit(&mut cookie, async |session| session.user_id()).await, Some(7));
    wait(&site, 29 * DAY);
    let handle = site.begin(&cookie);
    handle.session::<Visit>().await.unwrap().renew();
    let finished = handle.finish(StatusCode::OK).await;
    let CookieCommand::Set(cookies) = &finished.cookie else { panic!("{finished:?}") };
    let value = cookies.iter().next().unwrap();
    assert!(value.ends_with(&format!("Max-Age={}", 32 * DAY)), "{value}");
    keep(&mut cookie, &finished);
    wait(&site, 29 * DAY);
    assert_eq!(site.visit(&mut cookie, async |session| session.user_id()).await, Some(7));
    wait(&site, 3 * DAY);
    assert_eq!(site.visit(&mut cookie, async |session| session.user_id()).await, None);
}

#[tokio::test]
async fn remembering_survives_renewals_and_ends_with_forget() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| {
        session.add_counter(1);
        session.remember(true);
    })
    .await;
    site.visit(&mut cookie, async |session| session.set_user_id(Some(7))).await;
    assert!(site.record(&cookie).await.unwrap().lifetime.persistent);
    site.visit(&mut cookie, async |session| session.remember(false)).await;
    let record = site.record(&cookie).await.unwrap();
    assert!(!record.lifetime.persistent);
    assert_eq!(record.lifetime.idle, Duration::from_secs(HOUR));
    wait(&site, HOUR);
    assert_eq!(counter(&site, &cookie).await, 0);
}
