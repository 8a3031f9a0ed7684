//! Timeouts.

use std::time::Duration;

use http::StatusCode;
use session_runtime::store::MemoryStore;
use session_runtime::{
    AssuranceLevel, CookieCommand, CookieOptions, Keyring, Sessions, SessionsBuilder,
};

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
    // That visit touched the session; an hour later it has expired.
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

#[tokio::test]
async fn remembering_a_session_without_end_counts_from_its_beginning_too() {
    let site = Site::with(|builder| builder.absolute_timeout(Duration::MAX));
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    let began = site.record(&cookie).await.unwrap().created_at;
    wait(&site, HOUR / 2);
    site.visit(&mut cookie, async |session| session.remember(true)).await;
    let deadline = site.record(&cookie).await.unwrap().deadline;
    assert_eq!(deadline, began + Duration::from_secs(90 * DAY));
}

#[tokio::test]
async fn remembering_late_counts_from_the_beginning() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.set_user_id(Some(7))).await;
    let deadline = site.record(&cookie).await.unwrap().deadline;
    for _ in 0..3 {
        wait(&site, HOUR / 2);
        site.visit(&mut cookie, async |session| session.remember(true)).await;
        let remembered = site.record(&cookie).await.unwrap();
        assert_eq!(remembered.deadline, deadline + Duration::from_secs(89 * DAY));
        site.visit(&mut cookie, async |session| session.remember(false)).await;
        assert_eq!(site.record(&cookie).await.unwrap().deadline, deadline);
    }
    // A session that has been remembered for a long time does not expire early.
    site.visit(&mut cookie, async |session| session.remember(true)).await;
    wait(&site, 5 * DAY);
    site.visit(&mut cookie, async |session| session.remember(false)).await;
    wait(&site, HOUR - 1);
    assert_eq!(site.visit(&mut cookie, async |session| session.user_id()).await, Some(7));
    wait(&site, 1);
    assert_eq!(site.visit(&mut cookie, async |session| session.user_id()).await, None);
}

#[tokio::test]
async fn no_toggling_extends_a_session_beyond_the_longer_absolute_timeout() {
    let site = Site::new();
    let mut cookie = None;
    let toggle = async |cookie: &mut Option<String>| {
        site.visit(cookie, async |session| session.remember(false)).await;
        site.visit(cookie, async |session| session.remember(true)).await;
        site.visit(&mut cookie.clone(), async |session| session.user_id()).await
    };
    site.visit(&mut cookie, async |session| session.set_user_id(Some(7))).await;
    for _ in 0..9 {
        assert_eq!(toggle(&mut cookie).await, Some(7));
        wait(&site, 10 * DAY);
    }
    assert_eq!(toggle(&mut cookie).await, None, "90 days");
}

#[tokio::test]
async fn remembering_counts_from_the_beginning_after_the_timeouts_were_changed() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| {
        session.set_user_id(Some(7));
        session.remember(true);
    })
    .await;
    let began = site.record(&cookie).await.unwrap().created_at;
    wait(&site, DAY);
    let days = |days| Duration::from_secs(days * DAY);
    let site = site.redeployed(|builder| builder.remember_timeouts(days(7), days(28)));
    site.visit(&mut cookie, async |session| session.remember(true)).await;
    // It had been given 90 days before.
    let deadline = site.record(&cookie).await.unwrap().deadline;
    assert!(deadline <= began + days(90), "{deadline:?}");
}

#[tokio::test]
async fn ordinary_sessions_keep_their_timeouts_where_remembered_ones_are_alike() {
    let site = Site::with(|builder| {
        let month = Duration::from_secs(30 * DAY);
        let persistent = CookieOptions::new().persistent(true);
        builder.cookie(persistent).idle_timeout(month).absolute_timeout(month)
    });
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    site.visit(&mut cookie, async |session| session.set_user_id(Some(7))).await;
    let record = site.record(&cookie).await.unwrap();
    assert_eq!(record.deadline, record.created_at + Duration::from_secs(30 * DAY));
}

#[tokio::test]
async fn use_extends_a_session_only_when_the_handler_says_so_if_asked() {
    let site = Site::with(|builder| builder.touch_after(Duration::MAX));
    let (mut touched, mut used) = (None, None);
    for cookie in [&mut touched, &mut used] {
        site.visit(cookie, async |session| session.add_counter(1)).await;
    }
    wait(&site, HOUR / 2);
    site.store.calls();
    site.visit(&mut touched, async |session| session.touch()).await;
    assert_eq!(site.store.calls(), ["load", "update"]);
    site.visit(&mut used, async |session| session.add_counter(1)).await;
    wait(&site, HOUR / 2);
    assert_eq!(counter(&site, &used).await, 0);
    assert_eq!(counter(&site, &touched).await, 1);
    wait(&site, HOUR / 2);
    assert_eq!(counter(&site, &touched).await, 0);
    site.store.calls();
    site.visit(&mut None, async |session| session.touch()).await;
    assert_eq!(site.store.calls(), [""; 0], "there is nothing to touch");
}

#[tokio::test]
async fn an_assurance_level_sets_the_timeouts_of_every_session() {
    for (level, idle, absolute) in [
        (AssuranceLevel::Aal1, 30 * DAY, 30 * DAY),
        (AssuranceLevel::Aal2, HOUR, DAY),
        (AssuranceLevel::Aal3, HOUR / 4, 12 * HOUR),
    ] {
        for remember in [false, true] {
            let site = Site::with(|builder| builder.assurance_level(level));
            let (mut used, mut unused) = (None, None);
            for cookie in [&mut used, &mut unused] {
                site.visit(cookie, async |session| {
                    session.set_user_id(Some(7));
                    session.remember(remember);
                })
                .await;
            }
            assert_eq!(site.record(&used).await.unwrap().lifetime.persistent, remember);
            let user = async |cookie: &Option<String>| {
                site.visit(&mut cookie.clone(), async |session| session.user_id()).await
            };
            let steps = 2 * absolute / idle;
            for _ in 1..steps {
                wait(&site, idle / 2);
                assert_eq!(user(&used).await, Some(7), "{level:?}");
            }
            wait(&site, idle / 2);
            assert_eq!(user(&used).await, None, "{level:?}: the absolute timeout");
            assert_eq!(user(&unused).await, None, "{level:?}: the idle timeout");
        }
    }
}

#[test]
fn an_assurance_level_allows_shorter_timeouts_and_no_longer_ones() {
    let at_aal3 = |configure: &dyn Fn(SessionsBuilder) -> SessionsBuilder| {
        let keys = Keyring::new([[7; 32]]).unwrap();
        configure(Sessions::builder(MemoryStore::new()).keys(keys))
            .assurance_level(AssuranceLevel::Aal3)
            .build()
    };
    let (minute, quarter) = (Duration::from_secs(60), Duration::from_secs(HOUR / 4));
    let (hour, half_day) = (Duration::from_secs(HOUR), Duration::from_secs(12 * HOUR));
    at_aal3(&|builder| {
        builder.idle_timeout(minute).absolute_timeout(hour).remember_timeouts(quarter, half_day)
    })
    .unwrap();
    let refused = [
        (
            at_aal3(&|builder| builder.idle_timeout(quarter + minute)),
            "`idle_timeout` must not be longer than 15 minutes",
        ),
        (
            at_aal3(&|builder| builder.absolute_timeout(half_day + minute)),
            "`absolute_timeout` must not be longer than 720 minutes",
        ),
        (
            at_aal3(&|builder| builder.remember_timeouts(hour, hour)),
            "the idle timeout of `remember_timeouts` must not be longer than 15 minutes",
        ),
        (
            at_aal3(&|builder| builder.remember_timeouts(minute, 2 * half_day)),
            "the absolute timeout of `remember_timeouts` must not be longer than 720 minutes",
        ),
    ];
    for (built, message) in refused {
        assert_eq!(
            built.unwrap_err().to_string(),
            format!("{message} at Aal3 (NIST SP 800-63B-4, section 2.3.3)")
        );
    }
}

#[test]
fn remembered_sessions_must_differ_from_others_in_more_than_their_end() {
    let month = Duration::from_secs(30 * DAY);
    let built = |remembered| {
        Sessions::builder(MemoryStore::new())
            .keys(Keyring::new([[7; 32]]).unwrap())
            .cookie(CookieOptions::new().persistent(true))
            .idle_timeout(month)
            .absolute_timeout(month)
            .remember_timeouts(remembered, 3 * month)
            .build()
    };
    assert!(
        built(month)
            .unwrap_err()
            .to_string()
            .contains("give `remember_timeouts` another idle timeout")
    );
    built(2 * month).unwrap();
}

#[test]
fn no_cookie_lasts_longer_than_400_days() {
    let days = |days| Duration::from_secs(days * DAY);
    let built = |configure: &dyn Fn(SessionsBuilder) -> SessionsBuilder| {
        let keys = Keyring::new([[7; 32]]).unwrap();
        configure(Sessions::builder(MemoryStore::new()).keys(keys)).build()
    };
    let persistent = CookieOptions::new().persistent(true);
    built(&|builder| builder.remember_timeouts(days(1), days(400))).unwrap();
    built(&|builder| builder.absolute_timeout(days(401))).unwrap();
    for refused in [
        built(&|builder| builder.remember_timeouts(days(1), days(401))),
        built(&|builder| builder.absolute_timeout(days(401)).cookie(persistent.clone())),
    ] {
        let message = refused.unwrap_err().to_string();
        assert!(message.ends_with("of a persistent cookie must not be longer than 400 days"));
    }
}
