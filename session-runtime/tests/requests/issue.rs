//! Sessions that are made outside of a request.

use session_runtime::testing::ManualClock;
use session_runtime::{Backend, CookieStore, Keyring, Sessions, store::MemoryStore};

use crate::site::{Visit, visit};

fn sessions(backend: impl Into<Backend>) -> Sessions {
    let keys = Keyring::new([[7; 32]]).unwrap();
    Sessions::builder(backend).keys(keys).clock(ManualClock::default()).build().unwrap()
}

#[tokio::test]
async fn a_browser_with_the_cookie_has_the_session() {
    let clock = ManualClock::default();
    let backends: [Backend; 3] = [
        MemoryStore::with_clock(clock).into(),
        CookieStore::sealed().into(),
        CookieStore::sealed().max_chunks(3).into(),
    ];
    let name = "x".repeat(2_500);
    for backend in backends {
        let sessions = sessions(backend);
        let fill = |visit: &session_runtime::Session<Visit>| {
            visit.set_user_id(Some(7));
            visit.set_name(Some(name.clone()));
        };
        let issued = sessions.issue::<Visit>(fill).await.unwrap();
        assert!(issued.set_cookies().all(|cookie| cookie.contains("HttpOnly")));
        let mut cookie = Some(issued.cookie_header());
        assert!(!cookie.iter().flat_map(|pairs| pairs.split("; ")).any(|pair| pair.ends_with('=')));
        let seen = visit(&sessions, &mut cookie, async |session| {
            (session.user_id(), session.name(), session.id())
        });
        let id = Some(issued.id().to_string());
        assert_eq!(seen.await, (Some(7), Some(name.clone()), id));
        assert!(!format!("{issued:?}").contains(&issued.cookie_header()));
    }
}

#[tokio::test]
async fn nothing_to_store_is_an_error() {
    let error = sessions(MemoryStore::new()).issue::<Visit>(|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("nothing was stored"), "{error}");
}
