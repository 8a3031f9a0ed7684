//! How long the write-ahead log gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use session_runtime::SystemClock;
use session_runtime::record::Principal;
use session_runtime::store::{Created, SqliteStore, Store, Synchronous, Updated};

use crate::{Scratch, add_one, key, record};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_wal_stays_small_under_load() {
    let scratch = Scratch::new();
    let store =
        SqliteStore::builder(scratch.database()).synchronous(Synchronous::Normal).open().unwrap();
    let text = format!("\"{}\"", "x".repeat(8_000));
    for number in 0..50 {
        let created = store.create(&key(number), &record(&SystemClock, &text)).await.unwrap();
        assert_eq!(created, Created::Created);
    }
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|reader| {
            let (store, done) = (store.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let _ = store.load(&key(reader)).await.unwrap();
                    let _ = store.list(&Principal::new("user_id", "7")).await.unwrap();
                }
            })
        })
        .collect();
    let mut longest = 0;
    for round in 0..200 {
        let writers: Vec<_> = (0..50)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { store.update(&key(number), &add_one()).await.unwrap() })
            })
            .collect();
        for writer in writers {
            assert_eq!(writer.await.unwrap(), Updated::Applied, "round {round}");
        }
        longest = longest.max(scratch.wal());
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    // Some 100 MB were written.
    println!("longest WAL: {longest} bytes");
    assert!(longest < 24 * 1024 * 1024, "{longest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_wal_begins_anew_when_a_long_reader_has_ended() {
    const MB: u64 = 1024 * 1024;
    let scratch = Scratch::new();
    let store =
        SqliteStore::builder(scratch.database()).synchronous(Synchronous::Normal).open().unwrap();
    let text = format!("\"{}\"", "x".repeat(64_000));
    let write = async |numbers: std::ops::Range<u64>| {
        for number in numbers {
            let created = store.create(&key(number), &record(&SystemClock, &text)).await.unwrap();
            assert_eq!(created, Created::Created);
        }
    };
    let other = Connection::open(scratch.database()).unwrap();
    other.execute_batch("BEGIN; SELECT count(*) FROM sessions").unwrap();
    write(0..700).await;
    let long = scratch.wal();
    assert!(long > 40 * MB, "{long}");
    other.execute_batch("COMMIT").unwrap();
    // Twice as much again needs only a part of the file.
    write(700..2_100).await;
    let longest = scratch.wal();
    assert!(longest < 2 * long, "{longest} after {long}");
}
