//! Fields that expire.

use std::time::Duration;

use http::StatusCode;
use session_runtime::{Clock, SessionSchema, Timestamp};

use crate::site::{Site, keep};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(SessionSchema)]
struct Account {
    #[session(principal)]
    user_id: Option<u64>,
    /// The password was asked for again.
    #[session(ttl = "15m")]
    confirmed: bool,
    #[session(ttl = "10m", into)]
    code: Option<String>,
    #[session(counter, ttl = "10m", default = 1)]
    tries: u8,
    #[session(flash, ttl = "30s")]
    hints: Vec<String>,
}

/// One request that sees the session through `$schema`.
macro_rules! visit {
    ($site:expr, $cookie:expr, $schema:ty, |$session:ident| $body:expr) => {{
        let handle = $site.begin(&$cookie);
        let $session = handle.session::<$schema>().await.unwrap();
        let answer = $body;
        let finished = handle.finish(StatusCode::OK).await;
        assert!(finished.error.is_none(), "{finished:?}");
        keep(&mut $cookie, &finished);
        answer
    }};
}

/// What is stored under the keys that begin with `prefix`.
async fn stored(site: &Site, cookie: &Option<String>, prefix: &str) -> Vec<(String, String)> {
    // The helper has a schema of its own.
    let record = redeploy(site).record(cookie).await.unwrap();
    let fields = record.fields.iter().filter(|(key, _)| key.starts_with(prefix));
    fields.map(|(key, text)| (key.to_owned(), text.to_owned())).collect()
}

fn text(expires_at: Timestamp) -> String {
    expires_at.as_millis().to_string()
}

#[tokio::test]
async fn a_step_up_login_ends_and_the_session_goes_on() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| {
        assert_eq!(session.confirmed_expires_at(), None);
        session.set_user_id(Some(7));
        session.set_confirmed(true);
    });
    let ends = site.clock.now() + 15 * MINUTE;
    assert_eq!(
        stored(&site, &cookie, "confirmed").await,
        [("confirmed".into(), "true".into()), ("confirmed@expires".into(), text(ends))]
    );
    site.clock.advance(15 * MINUTE - Duration::from_millis(1));
    visit!(site, cookie, Account, |session| {
        assert!(session.confirmed() && session.has_confirmed());
        assert_eq!(session.confirmed_expires_at(), Some(ends), "reading restarts nothing");
    });
    site.clock.advance(Duration::from_millis(1));
    visit!(site, cookie, Account, |session| {
        assert!(!session.confirmed() && !session.has_confirmed());
        assert_eq!((session.user_id(), session.confirmed_expires_at()), (Some(7), None));
    });
    visit!(site, cookie, Account, |session| session.set_confirmed(true));
    assert!(visit!(site, cookie, Account, |session| session.confirmed()));
    visit!(site, cookie, Account, |session| session.clear_confirmed());
    assert_eq!(stored(&site, &cookie, "confirmed").await, []);
}

#[tokio::test]
async fn a_one_time_code_and_its_tries_end_together() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| {
        session.set_code("314159");
        session.set_tries(0);
    });
    for expected in 1..=3 {
        site.clock.advance(MINUTE);
        assert_eq!(visit!(site, cookie, Account, |session| session.add_tries(1)), expected);
    }
    // Ten minutes after the code was set, and seven after the last try.
    site.clock.advance(7 * MINUTE);
    visit!(site, cookie, Account, |session| {
        assert_eq!((session.code(), session.tries()), (None, 3));
        session.set_code(None);
    });
    site.clock.advance(3 * MINUTE);
    visit!(site, cookie, Account, |session| {
        assert_eq!((session.tries(), session.has_tries()), (1, false));
        assert_eq!(session.add_tries(1), 2, "from the default again");
    });
    assert_eq!(visit!(site, cookie, Account, |session| session.tries()), 2);
}

#[tokio::test]
async fn every_write_restarts_the_time_also_of_the_same_value() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| session.set_code("1"));
    site.clock.advance(9 * MINUTE);
    visit!(site, cookie, Account, |session| {
        session.update_code(|code| assert_eq!(code.as_deref(), Some("1")));
        assert_eq!(session.code_expires_at(), Some(site.clock.now() + 10 * MINUTE));
    });
    site.clock.advance(9 * MINUTE);
    assert!(visit!(site, cookie, Account, |session| session.has_code()));
    visit!(site, cookie, Account, |session| session.update_code(|code| *code = None));
    assert_eq!(stored(&site, &cookie, "code").await, []);
}

#[tokio::test]
async fn a_message_that_nobody_read_is_over() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| {
        session.set_confirmed(true);
        session.flash_hints("old".into());
    });
    site.clock.advance(MINUTE);
    visit!(site, cookie, Account, |session| {
        assert_eq!(session.take_hints(), [""; 0]);
        session.flash_hints("new".into());
    });
    visit!(site, cookie, Account, |session| assert_eq!(session.take_hints(), ["new"]));
    visit!(site, cookie, Account, |session| assert_eq!(session.peek_hints(), [""; 0]));
}

#[tokio::test]
async fn a_field_ends_while_a_request_runs() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| {
        session.set_code("1");
        session.add_tries(4);
    });
    site.clock.advance(9 * MINUTE);
    let handle = site.begin(&cookie);
    let session = handle.session::<Account>().await.unwrap();
    assert_eq!((session.code(), session.tries()), (Some("1".into()), 5));
    assert_eq!(session.add_tries(1), 6);
    site.clock.advance(MINUTE);
    // An expired field is absent at once. A field that this request changed gets a new expiry on
    // save.
    assert_eq!((session.code(), session.has_code()), (None, false));
    assert_eq!(session.update_code(|code| *code = Some(format!("{code:?}"))), Some("None".into()));
    session.commit().await.unwrap();
    assert_eq!((session.code(), session.tries()), (Some("None".into()), 2));
    keep(&mut cookie, &handle.finish(StatusCode::OK).await);
    visit!(site, cookie, Account, |session| {
        assert_eq!((session.code(), session.tries()), (Some("None".into()), 2));
        assert_eq!(session.tries_expires_at(), Some(site.clock.now() + 10 * MINUTE));
    });
}

#[tokio::test]
async fn concurrent_requests_lose_nothing() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| session.set_tries(5));
    for (wait, expected) in [(MINUTE, 15), (10 * MINUTE, 11)] {
        site.clock.advance(wait);
        let handles: Vec<_> = (0..10).map(|_| site.begin(&cookie)).collect();
        for handle in &handles {
            let session = handle.session::<Account>().await.unwrap();
            session.add_tries(1);
            session.update_code(|code| *code = Some(code.take().unwrap_or_default() + "x"));
        }
        for handle in handles {
            let finished = handle.finish(StatusCode::OK).await;
            assert!(finished.error.is_none(), "{finished:?}");
        }
        visit!(site, cookie, Account, |session| {
            assert_eq!(session.tries(), expected);
            assert_eq!(session.code().as_deref(), Some("xxxxxxxxxx"));
        });
    }
}

#[tokio::test]
async fn what_was_stored_and_ended_during_a_request_is_no_start() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| session.set_confirmed(true));
    let long = site.begin(&cookie);
    let session = long.session::<Account>().await.unwrap();
    visit!(site, cookie, Account, |session| session.set_tries(5));
    site.clock.advance(10 * MINUTE);
    session.add_tries(1);
    assert!(long.finish(StatusCode::OK).await.error.is_none());
    assert_eq!(visit!(site, cookie, Account, |session| session.tries()), 2);
}

#[tokio::test]
async fn the_same_text_stored_again_is_not_mistaken_for_the_old_one() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| session.set_tries(5));
    site.clock.advance(10 * MINUTE);
    let late = site.begin(&cookie);
    let session = late.session::<Account>().await.unwrap();
    assert_eq!(session.add_tries(1), 2);
    visit!(site, cookie, Account, |session| session.set_tries(5));
    assert!(late.finish(StatusCode::OK).await.error.is_none());
    assert_eq!(visit!(site, cookie, Account, |session| session.tries()), 6);
}

mod renamed {
    #[derive(session_runtime::SessionSchema)]
    pub(crate) struct Renamed {
        #[session(counter, alias = "tries", ttl = "10m")]
        pub(crate) attempts: u8,
        #[session(alias = "code", ttl = "10m")]
        pub(crate) secret: Option<String>,
    }
}

mod without {
    #[derive(session_runtime::SessionSchema)]
    pub(crate) struct Lasting {
        pub(crate) code: Option<String>,
        #[session(counter)]
        pub(crate) tries: u8,
    }
}

/// Another version of the application on the store of the first.
fn redeploy(site: &Site) -> Site {
    let mut next = Site::new();
    next.sessions = session_runtime::Sessions::builder(site.store.clone())
        .keys(session_runtime::Keyring::new([[7; 32]]).unwrap())
        .clock(site.clock.clone())
        .build()
        .unwrap();
    next.store = site.store.clone();
    next.clock = site.clock.clone();
    next
}

#[tokio::test]
async fn the_time_goes_with_a_renamed_field() {
    let (site, mut cookie) = (Site::new(), None);
    visit!(site, cookie, Account, |session| {
        session.set_code("1");
        session.add_tries(1);
    });
    let ends = site.clock.now() + 10 * MINUTE;
    let site = redeploy(&site);
    site.clock.advance(9 * MINUTE);
    visit!(site, cookie, renamed::Renamed, |session| {
        assert_eq!((session.attempts(), session.secret()), (2, Some("1".into())));
        assert_eq!(session.secret_expires_at(), Some(ends));
        assert_eq!(session.add_attempts(1), 3);
    });
    site.clock.advance(MINUTE);
    visit!(site, cookie, renamed::Renamed, |session| {
        assert_eq!((session.attempts(), session.secret()), (3, None));
        session.update_secret(|secret| *secret = Some("2".into()));
    });
    for old in ["code", "tries"] {
        assert_eq!(stored(&site, &cookie, old).await, []);
    }
    assert_eq!(stored(&site, &cookie, "secret").await.len(), 2);
    assert_eq!(stored(&site, &cookie, "attempts").await.len(), 2);
}

#[tokio::test]
async fn what_is_over_is_not_read_from_an_older_key() {
    let (old, mut cookie) = (Site::new(), None);
    let new = redeploy(&old);
    visit!(new, cookie, renamed::Renamed, |session| session.set_secret(Some("new".into())));
    old.clock.advance(5 * MINUTE);
    // An older version that still runs.
    visit!(old, cookie, Account, |session| session.set_code("old"));
    old.clock.advance(5 * MINUTE);
    visit!(new, cookie, renamed::Renamed, |session| {
        assert_eq!((session.secret(), session.has_secret()), (None, false));
        session.update_secret(|secret| *secret = Some(format!("{secret:?}")));
    });
    assert_eq!(stored(&new, &cookie, "code").await, []);
    visit!(new, cookie, renamed::Renamed, |session| {
        assert_eq!(session.secret().as_deref(), Some("None"));
    });
}

#[tokio::test]
async fn a_ttl_can_come_and_go_while_sessions_live() {
    let (with, mut cookie) = (Site::new(), None);
    visit!(with, cookie, Account, |session| {
        session.set_code("1");
        session.add_tries(1);
    });
    // Without a ttl: what was promised is kept, what is written stays.
    let without = redeploy(&with);
    without.clock.advance(9 * MINUTE);
    visit!(without, cookie, without::Lasting, |session| {
        assert_eq!((session.code(), session.tries()), (Some("1".into()), 2));
        assert_eq!(session.add_tries(1), 3);
    });
    without.clock.advance(MINUTE);
    visit!(without, cookie, without::Lasting, |session| {
        assert_eq!((session.code(), session.tries()), (None, 3));
        session.set_code(Some("2".into()));
    });
    assert_eq!(stored(&without, &cookie, "code").await, [("code".into(), "\"2\"".into())]);
    without.clock.advance(11 * MINUTE);
    // With a ttl: what was stored without one stays until it is written again.
    let with = redeploy(&without);
    visit!(with, cookie, Account, |session| assert_eq!(session.tries(), 3));
    visit!(with, cookie, Account, |session| {
        assert_eq!((session.code(), session.code_expires_at()), (Some("2".into()), None));
        session.set_code("3");
    });
    with.clock.advance(10 * MINUTE);
    assert!(!visit!(with, cookie, Account, |session| session.has_code()));
}

#[tokio::test]
async fn a_ttl_never_extends_the_session() {
    let (site, mut cookie) = (Site::new(), None);
    #[derive(SessionSchema)]
    struct Week {
        #[session(ttl = "7d")]
        note: Option<String>,
    }
    visit!(site, cookie, Week, |session| session.set_note(Some("x".into())));
    site.clock.advance(60 * MINUTE);
    assert!(!visit!(site, cookie, Week, |session| session.has_note()));
}
