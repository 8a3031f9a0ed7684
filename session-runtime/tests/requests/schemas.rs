//! Schemas: several in one session, older ones, and values that do not fit.

use http::StatusCode;
use session_runtime::store::{Loaded, Store};
use session_runtime::{SessionSchema, schemas};

use crate::site::{Site, Visit, keep};

/// One request that sees the session through `S`.
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

/// The stored text of a field.
async fn text(site: &Site, cookie: &Option<String>, key: &str) -> Option<String> {
    let mut cookie = cookie.clone();
    let id = visit!(site, cookie, Visit, |session| session.id()).unwrap();
    match site.store.inner.load(&id.parse().unwrap()).await.unwrap() {
        Loaded::Live(record) => record.fields.get(key).map(str::to_owned),
        other => panic!("{other:?}"),
    }
}

#[derive(SessionSchema)]
#[session(prefix = "csrf.")]
struct Csrf {
    token: Option<String>,
}

#[tokio::test]
async fn several_schemas_share_a_session() {
    let site = Site::with(|builder| builder.schemas(schemas![Visit, Csrf]));
    let mut cookie = None;
    let handle = site.begin(&cookie);
    let visit = handle.session::<Visit>().await.unwrap();
    let csrf = handle.session::<Csrf>().await.unwrap();
    visit.add_counter(1);
    csrf.set_token(Some("t".into()));
    let finished = handle.finish(StatusCode::OK).await;
    keep(&mut cookie, &finished);
    assert_eq!(visit.id(), csrf.id());
    assert_eq!(text(&site, &cookie, "csrf.token").await.as_deref(), Some("\"t\""));
    visit!(site, cookie, Csrf, |session| session.clear_token());
    assert_eq!(visit!(site, cookie, Visit, |session| session.counter()), 1);
}

#[tokio::test]
async fn a_key_claimed_twice_is_refused_at_the_first_use() {
    #[derive(SessionSchema)]
    struct Clashing {
        #[session(alias = "counter")]
        seen: u64,
    }

    #[derive(SessionSchema)]
    struct Admin {
        #[session(principal)]
        admin_id: Option<u64>,
    }

    let site = Site::new();
    let handle = site.begin(&None);
    handle.session::<Visit>().await.unwrap();
    let error = handle.session::<Clashing>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "session schemas `Visit` and `Clashing` both use the key `counter`"
    );
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let error = handle.session::<Admin>().await.unwrap_err();
    assert_eq!(error.to_string(), "session schemas `Visit` and `Admin` both have a principal");
}

mod v1 {
    #[derive(session_runtime::SessionSchema)]
    pub(crate) struct Old {
        #[session(counter)]
        pub(crate) hits: u64,
        pub(crate) colour: Option<String>,
        pub(crate) only_old: Option<String>,
    }
}

mod v2 {
    #[derive(session_runtime::SessionSchema)]
    pub(crate) struct New {
        #[session(counter, alias = "hits")]
        pub(crate) seen: u64,
        #[session(alias = "colour")]
        pub(crate) theme: Option<String>,
    }
}

#[tokio::test]
async fn an_alias_is_read_and_goes_with_the_first_write() {
    let mut cookie = None;
    // Two deployments share nothing but the store and the keys.
    let old = Site::new();
    let site = redeploy(&old);
    visit!(old, cookie, v1::Old, |session| {
        session.add_hits(5);
        session.set_colour(Some("red".into()));
        session.set_only_old(Some("kept".into()));
    });
    visit!(site, cookie, v2::New, |session| {
        assert_eq!((session.seen(), session.theme()), (5, Some("red".into())));
        assert!(session.has_seen());
    });
    assert_eq!(text(&site, &cookie, "hits").await.as_deref(), Some("5"), "reading moves nothing");
    visit!(site, cookie, v2::New, |session| {
        assert_eq!(session.add_seen(2), 7);
        session.update_theme(|theme| *theme = theme.take().map(|theme| theme + "dish"));
    });
    for (key, held) in [
        ("hits", None),
        ("seen", Some("7")),
        ("colour", None),
        ("theme", Some("\"reddish\"")),
        ("only_old", Some("\"kept\"")),
    ] {
        assert_eq!(text(&site, &cookie, key).await.as_deref(), held, "{key}");
    }
    visit!(old, cookie, v1::Old, |session| session.set_colour(Some("blue".into())));
    visit!(site, cookie, v2::New, |session| session.set_theme(Some("green".into())));
    assert_eq!(text(&site, &cookie, "colour").await, None);
    assert_eq!(text(&site, &cookie, "theme").await.as_deref(), Some("\"green\""));
}

mod text_counter {
    #[derive(session_runtime::SessionSchema)]
    pub(crate) struct Text {
        pub(crate) counter: Option<String>,
    }
}

mod reset {
    #[derive(session_runtime::SessionSchema)]
    #[session(on_mismatch = "reset")]
    pub(crate) struct Lenient {
        #[session(counter, default = 10)]
        pub(crate) counter: u64,
    }
}

/// A site on the store of another one, as a second deployment would be.
fn redeploy(site: &Site) -> Site {
    let mut next = Site::new();
    next.sessions = session_runtime::Sessions::builder(site.store.clone())
        .keys(session_runtime::Keyring::new([[7; 32]]).unwrap())
        .clock(site.clock.clone())
        .build()
        .unwrap();
    next.store = site.store.clone();
    next
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_that_names_it_and_loses_nothing() {
    let site = Site::new();
    let mut cookie = None;
    visit!(site, cookie, text_counter::Text, |session| {
        session.set_counter(Some("secret".into()));
    });
    let site = redeploy(&site);
    let handle = site.begin(&cookie);
    let error = handle.session::<Visit>().await.unwrap_err();
    assert!(error.is_mismatch());
    let message = error.to_string();
    assert!(message.contains("`counter`") && message.contains("u64"), "{message}");
    assert!(!message.contains("secret"), "{message}");
    // The handle can still delete such a session.
    handle.destroy().await.unwrap();
    let finished = handle.finish(StatusCode::OK).await;
    keep(&mut cookie, &finished);
    assert_eq!(cookie, None);
}

#[tokio::test]
async fn a_value_of_another_type_is_reset_if_the_schema_says_so() {
    let site = Site::new();
    let mut cookie = None;
    visit!(site, cookie, text_counter::Text, |session| session.set_counter(Some("x".into())));
    let site = redeploy(&site);
    visit!(site, cookie, reset::Lenient, |session| assert_eq!(session.counter(), 10));
    assert_eq!(visit!(site, cookie, reset::Lenient, |session| session.add_counter(1)), 11);
    assert_eq!(visit!(site, cookie, reset::Lenient, |session| session.counter()), 11);
}
