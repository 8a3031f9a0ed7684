//! The store over Webdis and the one over Redis itself, on the same sessions.

use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::Principal;
use session_runtime::store::{Created, Loaded, RedisStore, Store, Updated, WebdisStore};
use test_servers::Kind;

use crate::site::{add, key, record_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_session_in_two_stores() {
    if test_servers::is_left_out(Kind::Webdis) {
        return;
    }
    let mut server = test_servers::start_webdis(&[], "[]").unwrap();
    let redis = RedisStore::open(server.behind().url()).unwrap();
    let webdis = WebdisStore::open(server.url()).unwrap();
    let (first, second, who) = (key(), key(), Principal::new("user", "7"));
    let fresh = record_of(&who);
    assert_eq!(webdis.create(&first, &fresh).await.unwrap(), Created::Created);
    assert_eq!(redis.create(&first, &fresh).await.unwrap(), Created::Exists);
    assert_eq!(redis.load(&first).await.unwrap(), Loaded::Live(fresh));

    // Sums of both are exact.
    let sums = async |store: &dyn Fn() -> bool| {
        for _ in 0..100 {
            let patch = add(1);
            let updated = match store() {
                true => redis.update(&first, &patch).await,
                false => webdis.update(&first, &patch).await,
            };
            assert_eq!(updated.unwrap(), Updated::Applied);
        }
    };
    tokio::join!(sums(&|| true), sums(&|| false), sums(&|| true), sums(&|| false));
    let set = FieldOp::Set("\"ü\"".into());
    let set = Patch { fields: vec![("name".into(), set)], ..Patch::empty() };
    assert_eq!(redis.rename(&first, &second, &set).await.unwrap(), Updated::Applied);
    assert_eq!(webdis.load(&first).await.unwrap(), Loaded::Gone);
    let listed = webdis.list(&who).await.unwrap();
    assert_eq!(listed, redis.list(&who).await.unwrap());
    let fields = &listed[0].record.fields;
    assert_eq!((fields.get("n"), fields.get("name")), (Some("400"), Some("\"ü\"")));
    assert_eq!(webdis.delete_all(&who, None).await.unwrap(), 1);
    assert_eq!(redis.load(&second).await.unwrap(), Loaded::Gone);
}

#[tokio::test]
async fn scripts_that_redis_has_forgotten() {
    if test_servers::is_left_out(Kind::Webdis) {
        return;
    }
    let mut server = test_servers::start_webdis(&[], "[]").unwrap();
    let store = WebdisStore::open(server.url()).unwrap();
    let key = key();
    assert_eq!(
        store.create(&key, &record_of(&Principal::new("a", "b"))).await.unwrap(),
        Created::Created
    );
    for _ in 0..2 {
        crate::site::ask::<()>(server.behind().url(), redis::cmd("SCRIPT").arg("FLUSH"));
        assert_eq!(store.update(&key, &add(1)).await.unwrap(), Updated::Applied);
    }
}
