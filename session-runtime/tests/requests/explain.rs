//! Operators can ask why a cookie leads to no session.

use std::time::Duration;

use http::HeaderValue;
use session_runtime::revocation::StoreRevocation;
use session_runtime::store::MemoryStore;
use session_runtime::testing::ManualClock;
use session_runtime::{CookieStore, ExplainedCookie, Keyring, Refusal, Sessions, SessionsBuilder};

use crate::site::{Site, visit};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn explain(sessions: &Sessions, cookies: &str) -> Vec<ExplainedCookie> {
    sessions.explain([HeaderValue::from_str(cookies).unwrap()]).await.unwrap()
}

async fn refusals(sessions: &Sessions, cookies: &str) -> Vec<Option<Refusal>> {
    explain(sessions, cookies).await.into_iter().map(|cookie| cookie.refusal).collect()
}

fn build(builder: SessionsBuilder, clock: &ManualClock, keys: &[u8]) -> Sessions {
    let keys = Keyring::new(keys.iter().map(|key| [*key; 32])).unwrap();
    builder.keys(keys).clock(clock.clone()).build().unwrap()
}

#[tokio::test]
async fn a_live_session_is_told_with_its_key_id_and_times() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    let backends: [&dyn Fn() -> SessionsBuilder; 3] = [
        &|| Sessions::builder(store.clone()),
        &|| Sessions::builder(CookieStore::sealed()),
        &|| Sessions::builder(CookieStore::signed()),
    ];
    for backend in backends {
        let old = build(backend(), &clock, &[1]);
        let mut cookie = None;
        let (id, created, expires) = visit(&old, &mut cookie, async |session| {
            session.add_counter(1);
            session.commit().await.unwrap();
            (session.id(), session.created_at(), session.expires_at())
        })
        .await;
        let cookie = cookie.unwrap();
        let new = build(backend(), &clock, &[2, 1]);
        for (sessions, key) in [(&old, 1), (&new, 2)] {
            let explained = explain(sessions, &format!("theme=dark; {cookie}")).await;
            let [explained] = &explained[..] else { panic!("{explained:?}") };
            assert!(explained.is_live());
            assert_eq!(explained.key, Some(key));
            assert_eq!(explained.id.map(|id| id.to_string()), id);
            assert_eq!((explained.created_at, explained.expires_at), (created, expires));
            let (_, value) = cookie.split_once('=').unwrap();
            assert!(!format!("{explained:?}").contains(value));
        }
        assert_eq!(
            refusals(&build(backend(), &clock, &[2]), &cookie).await,
            [Some(Refusal::Forged)]
        );
        assert_eq!(explain(&new, "theme=dark").await, []);
    }
}

#[tokio::test]
async fn each_cookie_has_its_reason() {
    let site = Site::new();
    let mut cookies = Vec::new();
    for _ in 0..5 {
        let mut cookie = None;
        site.visit(&mut cookie, async |session| session.add_counter(1)).await;
        cookies.push(cookie);
    }
    site.visit(&mut cookies[0].clone(), async |session| session.destroy()).await;
    let forged = format!("__Host-id={}", "A".repeat(43));
    let pairs: Vec<&str> = cookies.iter().flatten().map(String::as_str).collect();
    let sent = format!("__Host-id=; {forged}; __Host-id=%; {}", pairs.join("; "));
    site.store.calls();
    let told = refusals(&site.sessions, &sent).await;
    let (malformed, forged) = (Some(Refusal::Malformed), Some(Refusal::Forged));
    let (gone, surplus) = (Some(Refusal::Gone), Some(Refusal::Surplus));
    assert_eq!(told, [malformed, forged, malformed, gone, None, None, surplus, surplus]);
    assert_eq!(site.store.calls(), ["load"; 3], "nothing is changed");

    site.clock.advance(2 * HOUR);
    assert_eq!(refusals(&site.sessions, pairs[0]).await, [Some(Refusal::Unknown)]);
    assert_eq!(refusals(&site.sessions, pairs[1]).await, [Some(Refusal::Unknown)]);
    site.store.fail(true);
    let header = HeaderValue::from_str(pairs[0]).unwrap();
    assert!(site.sessions.explain([header]).await.unwrap_err().is_store());
}

#[tokio::test]
async fn a_session_in_a_cookie_says_when_it_ended() {
    let clock = ManualClock::default();
    let ended = StoreRevocation::new(MemoryStore::with_clock(clock.clone()));
    let store = CookieStore::sealed().max_chunks(3).revocation(ended);
    let sessions = build(Sessions::builder(store), &clock, &[7]);
    let mut cookie = None;
    visit(&sessions, &mut cookie, async |session| session.add_counter(1)).await;
    let sent = cookie.clone().unwrap();
    assert_eq!(refusals(&sessions, &sent).await, [None]);
    visit(&sessions, &mut cookie, async |session| session.destroy()).await;
    assert_eq!(refusals(&sessions, &sent).await, [Some(Refusal::Gone)]);
    clock.advance(Duration::from_secs(60));
    assert_eq!(refusals(&sessions, &sent).await, [Some(Refusal::Revoked)]);
    clock.advance(HOUR);
    let expired = explain(&sessions, &sent).await;
    assert_eq!(expired[0].refusal, Some(Refusal::Expired));
    assert_eq!(expired[0].key, Some(1));
    assert!(expired[0].expires_at < Some(session_runtime::Clock::now(&clock)));

    let chunk = "__Host-id.0=3.abc; __Host-id.1=def";
    assert_eq!(refusals(&sessions, chunk).await, [Some(Refusal::Incomplete)]);
    assert_eq!(refusals(&sessions, "__Host-id.0=abc").await, [Some(Refusal::Malformed)]);
}
