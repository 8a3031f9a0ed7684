//! Scans, and what a server's own scan does not promise.

use std::collections::{BTreeSet, HashSet};

use session_runtime::StoreKey;
use session_runtime::store::{Created, Cursor, RedisStore, Store};

use crate::site::{key, record, server, url};

/// The table of keys grows meanwhile, and other keys are in it.
#[tokio::test]
async fn what_stays_is_found_in_a_growing_table() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(server.url()).unwrap();
    let mut stay = HashSet::new();
    for _ in 0..500 {
        let key = key();
        assert_eq!(store.create(&key, &record([("a", "1")])).await.unwrap(), Created::Created);
        stay.insert(key);
    }
    let (mut after, mut pages) = (None, 0);
    loop {
        let page = store.scan(after.as_ref(), 20).await.unwrap();
        assert!(page.sessions.len() < 60, "{}", page.sessions.len());
        for info in page.sessions {
            stay.remove(&info.key);
        }
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
        if pages <= 10 {
            fill(server.url(), pages);
        }
    }
    assert!(stay.is_empty(), "{} were not shown", stay.len());
    assert!(pages > 20, "{pages} pages");
}

#[tokio::test]
async fn a_prefix_is_no_pattern() {
    let Some(url) = url() else { return };
    let unique = key();
    let store = |prefix: &str| {
        let prefix = format!("{unique}{prefix}");
        RedisStore::builder(&*url).prefix(prefix).build().unwrap()
    };
    let (odd, other) = (store(r"a*[b]?\:"), store("abcb:"));
    let key = key();
    for store in [&odd, &other] {
        assert_eq!(store.create(&key, &record([])).await.unwrap(), Created::Created);
    }
    assert_eq!(scanned(&odd).await, BTreeSet::from([key]));
    assert_eq!(scanned(&other).await, BTreeSet::from([key]));
    assert_eq!(scanned(&store("a*")).await, BTreeSet::new());
}

/// The server may have any number of other keys, so that there are several pages.
async fn scanned(store: &RedisStore) -> BTreeSet<StoreKey> {
    let (mut keys, mut after) = (BTreeSet::new(), None);
    loop {
        let page = store.scan(after.as_ref(), usize::MAX).await.unwrap();
        keys.extend(page.sessions.iter().map(|info| info.key));
        after = page.next;
        if after.is_none() {
            return keys;
        }
    }
}

/// Another server has another table of keys. To continue there would leave sessions out.
#[tokio::test]
async fn a_scan_does_not_go_on_at_another_server() {
    let (Some(one), Some(other)) = (server(&[]), server(&[])) else { return };
    fill(one.url(), 0);
    fill(other.url(), 0);
    let before = RedisStore::open(one.url()).unwrap();
    let after = RedisStore::open(other.url()).unwrap();
    let next = before.scan(None, 10).await.unwrap().next.unwrap();
    before.scan(Some(&next), 10).await.unwrap();
    let error = after.scan(Some(&next), 10).await.unwrap_err();
    assert!(format!("{error:?}").contains("must begin again"), "{error:?}");
    let foreign = before.scan(Some(&Cursor::new("7")), 10).await.unwrap_err();
    assert!(format!("{foreign:?}").contains("cursor"), "{foreign:?}");
}

/// Adds keys that are no sessions.
fn fill(url: &str, round: usize) {
    let mut others = redis::pipe();
    for number in 0..200 {
        others.set(format!("session:no session {round} {number}"), "x").ignore();
    }
    let client = redis::Client::open(url).unwrap();
    others.query::<()>(&mut client.get_connection().unwrap()).unwrap();
}
