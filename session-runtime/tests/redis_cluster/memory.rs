//! How much memory sessions take on a cluster; `docs/scaling.md` tells of it.

use redis::cmd;
use session_runtime::record::{Principal, Record};
use session_runtime::store::{Created, RedisClusterStore, Store};

use crate::site::{ask_of, key, record, url};

#[tokio::test]
async fn a_small_session_takes_little_memory() {
    let Some(url) = url() else { return };
    // As long as that of most people.
    let prefix = format!("s{}:", &key().to_string()[..6]);
    assert_eq!(prefix.len(), "session:".len());
    let store = RedisClusterStore::builder(&*url).prefix(&*prefix).build().unwrap();
    let usage = |name: String| {
        let mut usage = cmd("MEMORY");
        ask_of::<u64>(&url, usage.arg("USAGE").arg(name))
    };
    let fields = [("counter", "3"), ("theme", "\"dark\""), ("user_id", "42"), ("lang", "\"en\"")];
    for principal in [None, Some(Principal::new("user_id", "42"))] {
        let (key, record) = (key(), Record { principal, ..record(fields) });
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
        let bytes = usage(format!("{prefix}{key}"));
        println!("four small fields: {bytes} bytes");
        // What one server takes, 168, and 16 more with which Redis 7 chains the keys of a slot.
        assert!(bytes <= 184, "{bytes}");
    }
    let index = usage(format!("{prefix}@user_id\x0042"));
    println!("the index that names it: {index} bytes");
    assert!(index <= 160, "{index}");
}
