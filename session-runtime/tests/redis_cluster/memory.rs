//! How much memory sessions take on a cluster; `docs/scaling.md` tells of it.

use redis::cmd;
use session_runtime::record::{Principal, Record};
use session_runtime::store::{Created, RedisClusterStore, Store};

use crate::site::{ask_of, key, record, url};

#[tokio::test]
async fn a_small_session_takes_little_memory() {
    let Some(url) = url() else { return };
    // With the prefix of most people.
    let store = RedisClusterStore::open(&*url).unwrap();
    let usage = |name: String| {
        let mut usage = cmd("MEMORY");
        ask_of::<u64>(&url, usage.arg("USAGE").arg(name))
    };
    let fields = [("counter", "3"), ("theme", "\"dark\""), ("user_id", "42"), ("lang", "\"en\"")];
    let who = Principal::new("user_id", format!("\"{}\"", key()));
    let (key, record) = (key(), Record { principal: Some(who.clone()), ..record(fields) });
    assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
    let (session, index) =
        (usage(format!("session:{key}")), usage(format!("session:@user_id\0{}", who.value())));
    println!("four small fields: {session} bytes; the index that names it: {index} bytes");
    // What one server takes, 168, and 16 more with which Redis 7 chains the keys of a slot.
    assert!(session <= 184 && index <= 176, "{session}, {index}");
    assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);
}
