//! The options of the store, and what Webdis may refuse.

use session_runtime::store::{Created, Loaded, Store, StoreError, WebdisStore, connect};
use test_servers::Kind;

use crate::site::{key, record};

fn server(acl: &str) -> Option<test_servers::Server> {
    (!test_servers::is_left_out(Kind::Webdis))
        .then(|| test_servers::start_webdis(&[], acl).unwrap())
}

fn shown(error: &StoreError) -> String {
    format!("{error:?}")
}

#[tokio::test]
async fn a_user_and_a_password() {
    let acl = r#"[{"disabled": ["*"]},
        {"http_basic_auth": "me:p@ss/word", "enabled": ["EVAL", "EVALSHA", "HGETALL"]}]"#;
    let Some(server) = server(acl) else { return };
    let address = server.url().trim_start_matches("webdis://");
    let by_url = WebdisStore::open(format!("webdis://me:p%40ss%2Fword@{address}")).unwrap();
    let told = WebdisStore::builder(server.url()).basic_auth("me", "p@ss/word").build().unwrap();
    let (key, one) = (key(), record([("a", "1")]));
    assert_eq!(by_url.create(&key, &one).await.unwrap(), Created::Created);
    assert_eq!(told.load(&key).await.unwrap(), Loaded::Live(one));
    let nobody = WebdisStore::open(server.url()).unwrap();
    let other = WebdisStore::builder(server.url()).basic_auth("me", "hunter2").build().unwrap();
    for store in [nobody, other] {
        let error = shown(&store.load(&key).await.unwrap_err());
        assert!(error.contains("password is wrong") && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn commands_that_webdis_forbids() {
    let Some(server) = server(r#"[{"disabled": ["EVAL"]}]"#) else { return };
    let store = WebdisStore::open(server.url()).unwrap();
    assert_eq!(store.load(&key()).await.unwrap(), Loaded::Absent);
    let error = shown(&store.create(&key(), &record([])).await.unwrap_err());
    assert!(error.contains("`acl` must allow `EVAL`"), "{error}");
}

#[tokio::test]
async fn options_of_the_url() {
    // Nothing is connected yet.
    for url in [
        "webdis://host",
        "webdis://host/",
        "webdis://[::1]:80",
        "webdis://me:p%40ss@host:1/?prefix=a%26b&command_timeout_ms=5&max_connections=1",
        "webdis://host?tombstone_time_ms=0",
    ] {
        connect(url).await.unwrap();
    }
    for (rest, named) in [
        ("host?table=a", "`table`"),
        ("host?prefix=a&prefix=b", "`prefix` of `webdis:` is given twice"),
        ("host?command_timeout_ms=0", "`command_timeout`"),
        ("host?command_timeout_ms=off", "`command_timeout_ms`"),
        ("host?max_connections=0", "`max_connections`"),
        ("host?wait_replicas=1", "`wait_replicas`"),
        ("x?hunter2@host", "`%40`"),
        ("host/1", "URL"),
        ("host:", "URL"),
        ("host:x", "URL"),
        ("", "URL"),
    ] {
        let error = connect(&format!("webdis://me:hunter2@{rest}")).await.unwrap_err();
        assert!(error.to_string().contains(named), "{rest}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
