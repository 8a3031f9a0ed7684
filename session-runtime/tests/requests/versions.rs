//! Deploys that change the type of a field. The HTTP scenarios test two concurrent versions on
//! every store.

use http::StatusCode;
use session_runtime::store::{Loaded, Store};
use session_runtime::{Clock, Keyring, SessionHandle, Sessions};

use crate::site::{Site, keep};

/// The running version.
mod v1 {
    use session_runtime::SessionSchema;

    #[derive(SessionSchema)]
    pub(crate) struct Visit {
        #[session(counter)]
        pub(crate) score: u32,
        pub(crate) level: u32,
        pub(crate) code: Option<u64>,
        #[session(counter)]
        pub(crate) wait: u32,
        #[session(counter)]
        pub(crate) balance: i32,
        #[session(flash)]
        pub(crate) notices: Vec<String>,
    }
}

/// The version that is being deployed: three fields have changed their types.
mod v2 {
    use serde::{Deserialize, Serialize};
    use session_runtime::SessionSchema;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Score {
        pub(crate) points: u32,
    }

    #[derive(SessionSchema)]
    pub(crate) struct Upgraded {
        #[session(default = Score { points: 0 }, upgrade(from = u32, with = |points| Score { points }))]
        pub(crate) score: Score,
        #[session(counter, alias = "level", upgrade(with = parse, from = String))]
        pub(crate) rank: u32,
        #[session(ttl = "15m", into, upgrade(from = u64, with = text))]
        pub(crate) code: Option<String>,
    }

    fn parse(text: String) -> u32 {
        text.parse().unwrap_or_default()
    }

    fn text(code: u64) -> Option<String> {
        Some(code.to_string())
    }

    #[derive(SessionSchema)]
    pub(crate) struct Texts {
        pub(crate) level: String,
    }

    #[derive(SessionSchema)]
    pub(crate) struct Renamed {
        #[session(alias = "code")]
        pub(crate) number: Option<u64>,
        #[session(counter, alias = "wait")]
        pub(crate) delay: u32,
        #[session(flash, alias = "notices")]
        pub(crate) notes: Vec<String>,
    }

    #[derive(SessionSchema)]
    #[session(on_mismatch = "reset")]
    pub(crate) struct Levels {
        pub(crate) level: Option<String>,
        pub(crate) code: u64,
    }

    /// Two counters that count other things now.
    #[derive(SessionSchema)]
    #[session(on_mismatch = "reset")]
    pub(crate) struct Counters {
        #[session(counter, upgrade(from = u32, with = minutes))]
        pub(crate) wait: u8,
        #[session(counter)]
        pub(crate) balance: u32,
    }

    fn minutes(seconds: u32) -> u8 {
        u8::try_from(seconds / 60).unwrap_or(u8::MAX)
    }
}

/// A deployment of its own: it shares the store, the keys and the clock with others, nothing else.
struct Deployment(Sessions);

impl Deployment {
    fn new(store: impl Store, clock: impl Clock) -> Self {
        let keys = Keyring::new([[7; 32]]).unwrap();
        Self(Sessions::builder(store).keys(keys).clock(clock).build().unwrap())
    }

    fn begin(&self, cookie: &Option<String>) -> SessionHandle {
        let header = cookie.as_ref().map(|cookie| http::HeaderValue::from_str(cookie).unwrap());
        self.0.begin(header)
    }
}

async fn finish(handle: &SessionHandle, cookie: &mut Option<String>) {
    let finished = handle.clone().finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    keep(cookie, &finished);
}

fn deployments() -> (Site, Deployment, Deployment) {
    let site = Site::new();
    let (one, two) = (
        Deployment::new(site.store.clone(), site.clock.clone()),
        Deployment::new(site.store.clone(), site.clock.clone()),
    );
    (site, one, two)
}

#[tokio::test]
async fn older_shapes_are_read_and_replaced_when_written() {
    let (site, old, new) = deployments();
    let mut cookie = None;
    let handle = old.begin(&cookie);
    let session = handle.session::<v1::Visit>().await.unwrap();
    session.set_score(3);
    session.set_code(Some(271_828));
    finish(&handle, &mut cookie).await;
    // An even older version kept `level` as text.
    let oldest = Deployment::new(site.store.clone(), site.clock.clone());
    let handle = oldest.begin(&cookie);
    handle.session::<v2::Texts>().await.unwrap().set_level("5".into());
    finish(&handle, &mut cookie).await;

    let handle = new.begin(&cookie);
    let session = handle.session::<v2::Upgraded>().await.unwrap();
    assert_eq!((session.score().points, session.rank()), (3, 5));
    assert_eq!((session.code().as_deref(), session.code_expires_at()), (Some("271828"), None));
    finish(&handle, &mut cookie).await;
    assert_eq!(
        text(&site, &session.id(), "score").await.as_deref(),
        Some("3"),
        "reading is not writing"
    );

    // Two requests at once: the second replays on the new shape.
    let handles = [new.begin(&cookie), new.begin(&cookie)];
    for handle in &handles {
        let session = handle.session::<v2::Upgraded>().await.unwrap();
        session.update_score(|score| score.points *= 2);
        session.add_rank(1);
        session.update_code(|code| *code = code.take().map(|code| code + "."));
    }
    for handle in &handles {
        finish(handle, &mut cookie).await;
    }
    let handle = new.begin(&cookie);
    let session = handle.session::<v2::Upgraded>().await.unwrap();
    assert_eq!((session.score().points, session.rank()), (12, 7));
    assert_eq!(session.code().as_deref(), Some("271828.."));
    assert!(session.code_expires_at().is_some());
    let id = session.id();
    for (key, stored) in [("score", Some("{\"points\":12}")), ("rank", Some("7")), ("level", None)]
    {
        assert_eq!(text(&site, &id, key).await.as_deref(), stored, "{key}");
    }
}

#[tokio::test]
async fn what_fits_neither_shape_is_a_mismatch_of_the_new_one() {
    let (site, _, new) = deployments();
    let mut cookie = None;
    let oldest = Deployment::new(site.store.clone(), site.clock.clone());
    let handle = oldest.begin(&cookie);
    #[derive(session_runtime::SessionSchema)]
    struct Flags {
        score: Option<bool>,
    }
    handle.session::<Flags>().await.unwrap().set_score(Some(true));
    finish(&handle, &mut cookie).await;
    let error = new.begin(&cookie).session::<v2::Upgraded>().await.unwrap_err();
    assert!(error.is_mismatch());
    assert!(error.to_string().contains("Score"), "{error}");
}

#[tokio::test]
async fn counters_go_on_from_the_value_that_is_read() {
    let (site, old, new) = deployments();
    let mut cookie = None;
    let handle = old.begin(&cookie);
    let session = handle.session::<v1::Visit>().await.unwrap();
    session.set_wait(600);
    session.set_balance(-5);
    finish(&handle, &mut cookie).await;

    let handle = new.begin(&cookie);
    let session = handle.session::<v2::Counters>().await.unwrap();
    assert_eq!((session.wait(), session.balance()), (10, 0));
    assert_eq!((session.add_wait(1), session.add_balance(1)), (11, 1));
    finish(&handle, &mut cookie).await;
    for (key, stored) in [("wait", "11"), ("balance", "1")] {
        assert_eq!(text(&site, &session.id(), key).await.as_deref(), Some(stored), "{key}");
    }
}

#[tokio::test]
async fn what_an_older_version_writes_again_under_an_alias_does_not_come_back() {
    let (site, old, new) = deployments();
    let mut cookie = None;
    // The second round is an older version that still runs, or runs again.
    for (round, number, delay) in [(0, Some(2), 2), (1, None, 3)] {
        let handle = old.begin(&cookie);
        let session = handle.session::<v1::Visit>().await.unwrap();
        session.set_code(Some(1));
        session.set_wait(1);
        session.flash_notices("old".into());
        finish(&handle, &mut cookie).await;

        let handle = new.begin(&cookie);
        let session = handle.session::<v2::Renamed>().await.unwrap();
        assert_eq!(
            session.update_number(|it| *it = it.filter(|it| *it < 2).map(|it| it + 1)),
            number
        );
        assert_eq!(session.add_delay(1), delay);
        session.flash_notes("new".into());
        if round == 1 {
            assert_eq!(session.take_notes(), ["old", "new", "new"]);
        }
        finish(&handle, &mut cookie).await;
        for alias in ["code", "wait", "notices"] {
            assert_eq!(text(&site, &session.id(), alias).await, None, "{alias}");
        }
    }
    let session = new.begin(&cookie).session::<v2::Renamed>().await.unwrap();
    assert_eq!((session.number(), session.delay()), (None, 3));
    assert!(session.peek_notes().is_empty());
}

#[tokio::test]
async fn a_newer_value_that_arrives_with_a_conflict_is_not_overwritten() {
    let (site, old, new) = deployments();
    let mut cookie = None;
    let handle = old.begin(&cookie);
    let session = handle.session::<v1::Visit>().await.unwrap();
    session.set_level(1);
    session.set_code(Some(1));
    finish(&handle, &mut cookie).await;

    let session = old.begin(&cookie).session::<v1::Visit>().await.unwrap();
    let newer = new.begin(&cookie).session::<v2::Levels>().await.unwrap();
    newer.set_level(Some("high".into()));
    newer.set_code(7);
    newer.commit().await.unwrap();
    session.update_code(|code| *code = code.map(|code| code + 1));
    session.commit().await.unwrap();
    assert_eq!((session.level(), session.code()), (1, Some(8)), "the level is what it has read");
    session.update_level(|level| *level += 1);
    assert!(session.commit().await.unwrap_err().is_mismatch());
    assert_eq!(text(&site, &session.id(), "level").await.as_deref(), Some("\"high\""));
    // A plain `set` does not need the stored value.
    session.set_level(3);
    session.commit().await.unwrap();
    assert_eq!(text(&site, &session.id(), "level").await.as_deref(), Some("3"));
}

async fn text(site: &Site, id: &Option<String>, key: &str) -> Option<String> {
    let id = id.as_ref().unwrap().parse().unwrap();
    match site.store.inner.load(&id).await.unwrap() {
        Loaded::Live(record) => record.fields.get(key).map(str::to_owned),
        other => panic!("{other:?}"),
    }
}
