//! Two versions of one application on one store at the same time, as in a rolling deploy. Neither
//! destroys what the other wrote.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use axum::http::{HeaderValue, StatusCode};
use session_runtime::store::{self, AnyStore};
use session_runtime::{CookieCommand, Keyring, SessionHandle, Sessions};
use test_servers::Kind;

/// The version that runs.
mod v1 {
    use session_runtime::SessionSchema;

    #[derive(SessionSchema)]
    pub(crate) struct Visit {
        #[session(counter)]
        pub(crate) counter: u64,
        pub(crate) colour: Option<String>,
        pub(crate) cart: Vec<String>,
        pub(crate) dropped: Option<String>,
    }
}

/// The version that is being deployed. `colour` has another name only in the code, `dropped` is
/// removed, and `added` is new.
mod v2 {
    use session_runtime::SessionSchema;

    #[derive(SessionSchema)]
    pub(crate) struct Visit {
        #[session(counter)]
        pub(crate) counter: u64,
        #[session(key = "colour")]
        pub(crate) theme: Option<String>,
        pub(crate) cart: Vec<String>,
        #[session(ttl = "15m")]
        pub(crate) added: Option<String>,
    }
}

/// A separate deployment. It shares only the store and the keys with others.
struct Deployment(Sessions);

impl Deployment {
    fn new(store: &AnyStore) -> Self {
        let keys = Keyring::new([[7; 32]]).unwrap();
        Self(Sessions::builder(store.clone()).keys(keys).build().unwrap())
    }

    fn begin(&self, cookie: &Option<String>) -> SessionHandle {
        self.0.begin(cookie.as_ref().map(|cookie| HeaderValue::from_str(cookie).unwrap()))
    }
}

async fn finish(handle: &SessionHandle, cookie: &mut Option<String>) {
    let finished = handle.clone().finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    if let CookieCommand::Set(cookies) = &finished.cookie {
        let value = cookies.iter().next().unwrap();
        *cookie = value.split(';').next().map(str::to_owned);
    }
}

/// Requests of both versions write the same session at the same time. `v1_first` says which of them
/// saves first.
async fn both_write(store: &AnyStore, v1_first: bool) {
    let (old, new) = (Deployment::new(store), Deployment::new(store));
    let mut cookie = None;
    let handle = old.begin(&cookie);
    let session = handle.session::<v1::Visit>().await.unwrap();
    session.set_colour(Some("red".into()));
    session.set_dropped(Some("kept".into()));
    finish(&handle, &mut cookie).await;

    let (one, two) = (old.begin(&cookie), new.begin(&cookie));
    let (before, after) =
        (one.session::<v1::Visit>().await.unwrap(), two.session::<v2::Visit>().await.unwrap());
    before.add_counter(1);
    before.update_cart(|cart| cart.push("old".into()));
    before.update_dropped(|dropped| *dropped = dropped.take().map(|text| text + "!"));
    after.add_counter(1);
    after.update_cart(|cart| cart.push("new".into()));
    after.set_added(Some("new".into()));
    after.update_theme(|theme| *theme = theme.take().map(|theme| theme + "dish"));
    let order = if v1_first { [&one, &two] } else { [&two, &one] };
    for handle in order {
        finish(handle, &mut cookie).await;
    }

    let handle = old.begin(&cookie);
    let session = handle.session::<v1::Visit>().await.unwrap();
    assert_eq!((session.counter(), session.colour()), (2, Some("reddish".into())));
    assert_eq!(session.dropped().as_deref(), Some("kept!"));
    let cart = if v1_first { ["old", "new"] } else { ["new", "old"] };
    assert_eq!(session.cart(), cart);
    session.clear_colour();
    finish(&handle, &mut cookie).await;

    let handle = new.begin(&cookie);
    let session = handle.session::<v2::Visit>().await.unwrap();
    assert_eq!((session.counter(), session.theme()), (2, None));
    assert_eq!(session.added().as_deref(), Some("new"));
    assert_eq!(session.cart(), cart);
}

async fn in_both_orders(url: &str) {
    let store = store::connect(url).await.unwrap();
    both_write(&store, true).await;
    both_write(&store, false).await;
}

/// Runs on a server, with one more option in its URL. Does nothing if the server was left out.
async fn on_a_server(kind: Kind, option: &str) {
    let Some(url) = test_servers::url(kind) else { return };
    let joint = if url.contains('?') { '&' } else { '?' };
    in_both_orders(&format!("{url}{joint}{option}")).await;
}

#[tokio::test]
async fn memory() {
    in_both_orders("memory:").await;
}

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    in_both_orders(&format!("sqlite:{}", folder.path().join("sessions.db").display())).await;
}

#[tokio::test]
async fn redis() {
    on_a_server(Kind::Redis, "prefix=versions:").await;
}

#[tokio::test]
async fn redis_cluster() {
    on_a_server(Kind::RedisCluster, "prefix=versions:").await;
}

#[tokio::test]
async fn webdis() {
    on_a_server(Kind::Webdis, "prefix=versions:").await;
}

#[tokio::test]
async fn postgres() {
    on_a_server(Kind::Postgres, "table=versions&migrate=true").await;
}

#[tokio::test]
async fn mongodb() {
    on_a_server(Kind::MongoDb, "collection=versions").await;
}
