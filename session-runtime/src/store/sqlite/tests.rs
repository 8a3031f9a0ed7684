//! Tests that need the writer's own connection; the others are in `tests/sqlite`.

use std::error::Error;
use std::time::Duration;

use rusqlite::Connection;

use super::store::SqliteStore;
use super::transaction::Transaction;
use crate::clock::{Clock, SystemClock};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::{FieldOp, Patch};
use crate::record::{Fields, Lifetime, Record};
use crate::store::contract::{Created, Loaded, Store, Updated};

fn record(text: &str) -> Record {
    let now = SystemClock.now();
    let hour = Duration::from_secs(3_600);
    Record {
        fields: Fields::from_iter([("text", text), ("n", "0")]),
        created_at: now,
        expires_at: now + hour,
        deadline: now + hour,
        lifetime: Lifetime { idle: hour, persistent: false },
        principal: None,
    }
}

fn key(number: u8) -> StoreKey {
    StoreKey::from_bytes([number; 16])
}

fn causes(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

async fn limit_pages(store: &SqliteStore, pages: u32) {
    let limit = move |transaction: &Transaction<'_>| {
        let pragma = format!("PRAGMA max_page_count = {pages}");
        Ok(transaction.connection.query_row(&pragma, [], |_| Ok(()))?)
    };
    store.write(limit).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_fails_its_group_and_nothing_else() {
    let path = std::env::temp_dir().join(format!("session-full-{}.db", std::process::id()));
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.create(&key(1), &record("1")).await.unwrap(), Created::Created);
    limit_pages(&store, 20).await;

    // While another process writes, several writes gather. One of them needs more space than there
    // is.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let add = FieldOp::Add { delta: 1, min: 0, max: 10, start: 0 };
    let patch = Patch { fields: vec![("n".into(), add)], ..Patch::empty() };
    let big = record(&"x".repeat(200_000));
    let (one, two, three) = (key(1), key(2), key(3));
    let small = record("1");
    let release = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    // How many of the updates end up in an earlier group is a matter of luck.
    let (first, second, third, fourth, ()) = tokio::join!(
        store.update(&one, &patch),
        store.update(&one, &patch),
        store.create(&two, &big),
        store.create(&three, &small),
        release
    );
    let failed: Vec<_> =
        [first.map(|_| ()), second.map(|_| ()), third.map(|_| ()), fourth.map(|_| ())]
            .into_iter()
            .filter_map(Result::err)
            .collect();
    // The creates at least.
    assert!(failed.len() >= 2, "{failed:?}");
    for error in &failed {
        let causes = causes(error);
        assert!(causes.contains("the SQLite transaction failed") && causes.contains("full"));
    }

    // Nothing of the group was stored, and the next group works.
    assert_eq!(store.load(&two).await.unwrap(), Loaded::Absent);
    assert_eq!(store.load(&three).await.unwrap(), Loaded::Absent);
    assert_eq!(store.update(&one, &patch).await.unwrap(), Updated::Applied);
    limit_pages(&store, 1_000_000).await;
    assert_eq!(store.create(&two, &big).await.unwrap(), Created::Created);
    let Loaded::Live(counted) = store.load(&one).await.unwrap() else { panic!("not live") };
    let applied = 4 - failed.len() + 1;
    assert_eq!(counted.fields.get("n"), Some(applied.to_string().as_str()));
    drop((store, other));
    std::fs::remove_file(path).unwrap();
}
