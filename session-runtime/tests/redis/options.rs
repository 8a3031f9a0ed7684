//! Options, and what is refused.

use std::time::Duration;

use session_runtime::patch::Patch;
use session_runtime::store::{Created, Loaded, RedisStore, Store};

use crate::site::{ask, key, record, server, store, url};

#[tokio::test]
async fn prefixes_keep_stores_apart() {
    let (Some((one, keys)), Some((other, _))) = (store(), store()) else { return };
    let key = key();
    assert_eq!(one.create(&key, &record([])).await.unwrap(), Created::Created);
    assert_eq!(other.load(&key).await.unwrap(), Loaded::Absent);
    assert!(keys.ask_of::<bool>("EXISTS", &keys.of(&key)));
}

#[tokio::test]
async fn the_default_prefix() {
    let Some(url) = url() else { return };
    let key = key();
    let store = RedisStore::open(&*url).unwrap();
    assert_eq!(store.create(&key, &record([])).await.unwrap(), Created::Created);
    assert!(ask::<bool>(&url, redis::cmd("EXISTS").arg(format!("session:{key}"))));
}

#[tokio::test]
async fn password_and_database() {
    let Some(server) = server(&["--requirepass", "hunter2"]) else { return };
    let with = |login: &str| server.url().replace("redis://", &format!("redis://{login}"));
    let key = key();
    let store = RedisStore::open(with(":hunter2@") + "/3").unwrap();
    assert_eq!(store.create(&key, &record([])).await.unwrap(), Created::Created);
    let same = RedisStore::open(with("default:hunter2@") + "/3").unwrap();
    assert!(matches!(same.load(&key).await.unwrap(), Loaded::Live(_)));
    let other = RedisStore::open(with(":hunter2@") + "/4").unwrap();
    assert_eq!(other.load(&key).await.unwrap(), Loaded::Absent);
    for login in ["", ":hunter3@", "me:hunter2@"] {
        let error = RedisStore::open(with(login)).unwrap().load(&key).await.unwrap_err();
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
}

#[tokio::test]
async fn a_user_with_the_documented_rights() {
    let Some(server) = server(&[]) else { return };
    let rights = "on >secret ~session:* +hello +role +eval +evalsha +wait +time +exists +rename \
        +del +pexpire +pexpireat +@hash +@sortedset +scan +info";
    let allow = |rights: &str| {
        let mut command = redis::cmd("ACL");
        let rights: Vec<_> = rights.split_whitespace().collect();
        ask::<()>(server.url(), command.arg("SETUSER").arg("app").arg(rights));
    };
    allow(rights);
    let url = server.url().replace("redis://", "redis://app:secret@");
    let store = RedisStore::open(&*url).unwrap();
    let report = session_runtime::conformance::run(|| async { store.clone() }).await;
    report.unwrap();

    let elsewhere = RedisStore::open(url + "/3").unwrap();
    assert!(elsewhere.load(&key()).await.is_err());
    allow("+select");
    assert_eq!(elsewhere.load(&key()).await.unwrap(), Loaded::Absent);
}

#[tokio::test]
async fn tombstone_time() {
    let Some(url) = url() else { return };
    let store = |millis| {
        let time = Duration::from_millis(millis);
        RedisStore::builder(&*url).tombstone_time(time).build().unwrap()
    };
    let [deleted, renamed, to] = [key(), key(), key()];
    let short = store(200);
    for key in [&deleted, &renamed] {
        assert_eq!(short.create(key, &record([])).await.unwrap(), Created::Created);
    }
    short.delete(&deleted).await.unwrap();
    let _ = short.rename(&renamed, &to, &Patch::empty()).await.unwrap();
    assert_eq!(short.load(&deleted).await.unwrap(), Loaded::Gone);
    assert_eq!(short.load(&renamed).await.unwrap(), Loaded::Gone);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(short.load(&deleted).await.unwrap(), Loaded::Absent);
    assert_eq!(short.load(&renamed).await.unwrap(), Loaded::Absent);
    assert!(matches!(short.load(&to).await.unwrap(), Loaded::Live(_)));

    for (millis, left) in [(0, Loaded::Absent), (u64::MAX, Loaded::Gone)] {
        let key = key();
        store(millis).delete(&key).await.unwrap();
        assert_eq!(short.load(&key).await.unwrap(), left);
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let builder = || RedisStore::builder("redis://me:hunter2@127.0.0.1:1/0");
    let second = Duration::from_secs(1);
    for (refused, named) in [
        (builder().command_timeout(Duration::ZERO).build(), "`command_timeout`"),
        (builder().wait_replicas(0, second).build(), "`wait_replicas`"),
        (builder().wait_replicas(1, Duration::ZERO).build(), "`wait_replicas`"),
        (RedisStore::open("redis://me:hunter2@127.0.0.1:1/x"), "URL"),
        (RedisStore::open("http://me:hunter2@127.0.0.1"), "URL"),
        (RedisStore::open("hunter2"), "URL"),
        (RedisStore::open("redis://me:hunter2@127.0.0.1/0?prefix=shop:"), "`prefix`"),
        (RedisStore::open("redis://127.0.0.1?protocol=3&wait_replicas=1"), "`wait_replicas`"),
        (RedisStore::open("redis://127.0.0.1?db=1"), "`db`"),
        (RedisStore::open("unix:///run/redis?pass=hunter2&prefix=shop:"), "option"),
        (RedisStore::open("redis://me:1?hunter2@127.0.0.1"), "option"),
    ] {
        let error = refused.unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    for url in ["redis://127.0.0.1?protocol=resp3", "unix:///run/redis?db=1&user=me&pass=hunter2"] {
        RedisStore::open(url).unwrap();
    }
    for shown in [format!("{:?}", builder()), format!("{:?}", builder().build().unwrap())] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
