use std::time::Duration;

use super::MemoryStore;
use super::shards::lock;
use crate::clock::Clock;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, Patch};
use crate::record::{Fields, Lifetime, Principal, Record};
use crate::store::contract::{Created, Store, Updated};
use crate::testing::ManualClock;

/// A key that looks random, as real keys are.
fn key(number: u64) -> StoreKey {
    let mut bytes = [0; 16];
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bytes[..8].copy_from_slice(&(spread ^ spread >> 29).to_le_bytes());
    bytes[8..].copy_from_slice(&(spread.wrapping_mul(spread | 1) ^ spread >> 31).to_le_bytes());
    StoreKey::from_bytes(bytes)
}

fn record(clock: &ManualClock, seconds: u64) -> Record {
    let now = clock.now();
    Record {
        fields: Fields::from_iter([("secret", "\"hunter2\"")]),
        created_at: now,
        expires_at: now + Duration::from_secs(seconds),
        deadline: now + Duration::from_secs(86_400),
        lifetime: Lifetime { idle: Duration::from_secs(seconds), persistent: false },
        principal: Some(Principal::new("user_id", "7")),
    }
}

fn sizes(store: &MemoryStore) -> (usize, usize, usize) {
    let sizes = store.0.shards.iter().map(|shard| lock(shard).len());
    let (entries, due) = sizes.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    (entries, due, store.0.index.len())
}

#[tokio::test]
async fn a_sweep_removes_all_that_expired_and_nothing_else() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    for number in 0..1_000 {
        let record = record(&clock, 60);
        assert_eq!(store.create(&key(number), &record).await.unwrap(), Created::Created);
    }
    let until = clock.now() + Duration::from_secs(600);
    let touch = Patch { expiry: ExpiryOp::Extend(until), ..Patch::empty() };
    for number in 0..100 {
        assert_eq!(store.update(&key(number), &touch).await.unwrap(), Updated::Applied);
    }
    store.delete(&key(999)).await.unwrap();
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 0);
    assert_eq!(sizes(&store), (1_000, 1_000, 999));

    clock.advance(Duration::from_secs(60));
    assert_eq!(store.sweep(100).await.unwrap(), 100);
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 800);
    assert_eq!(store.sweep(0).await.unwrap(), 0);
    assert_eq!(sizes(&store), (100, 100, 100));

    clock.advance(Duration::from_secs(540));
    assert_eq!(store.sweep(usize::MAX).await.unwrap(), 100);
    assert_eq!(sizes(&store), (0, 0, 0));
}

#[tokio::test]
async fn an_earlier_expiry_is_listed_again() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    let long = record(&clock, 3_600);
    assert_eq!(store.create(&key(1), &long).await.unwrap(), Created::Created);
    let shorter = ExpiryOp::SetLifetime {
        lifetime: long.lifetime,
        expires_at: clock.now() + Duration::from_secs(5),
        deadline: long.deadline,
    };
    let patch = Patch { expiry: shorter, ..Patch::empty() };
    assert_eq!(store.update(&key(1), &patch).await.unwrap(), Updated::Applied);
    assert_eq!(sizes(&store), (1, 1, 1));
    clock.advance(Duration::from_secs(5));
    assert_eq!(store.sweep(10).await.unwrap(), 1);
    assert_eq!(sizes(&store), (0, 0, 0));
}

#[tokio::test]
async fn memory_stays_bounded_without_a_sweep() {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    for number in 0..50_000 {
        let (old, new) = (key(2 * number), key(2 * number + 1));
        assert_eq!(store.create(&old, &record(&clock, 1)).await.unwrap(), Created::Created);
        assert_eq!(store.rename(&old, &new, &Patch::empty()).await.unwrap(), Updated::Applied);
        clock.advance(Duration::from_millis(100));
    }
    // Live at a time: 10 sessions and the tombstones of 60 seconds.
    let (entries, due, index) = sizes(&store);
    assert!(entries < 1_500 && due == entries, "{entries} entries, {due} listed");
    assert!(index < 1_000, "{index} indexed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn renames_in_both_directions_do_not_deadlock() {
    let store = MemoryStore::new();
    let clock = ManualClock::new(crate::SystemClock.now());
    let tasks = (0..8).map(|task| {
        let (store, record) = (store.clone(), record(&clock, 600));
        tokio::spawn(async move {
            for number in 0..2_000_u64 {
                // New keys, whose shards have either order.
                let (from, to) = (key(task << 32 | number << 1), key(task << 32 | number << 1 | 1));
                assert_eq!(store.create(&from, &record).await.unwrap(), Created::Created);
                let renamed = store.rename(&from, &to, &Patch::empty()).await.unwrap();
                assert_eq!(renamed, Updated::Applied);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let seven = Principal::new("user_id", "7");
    assert_eq!(store.list(&seven).await.unwrap().len(), 16_000);
    assert_eq!(store.delete_all(&seven, Some(&key(1))).await.unwrap(), 15_999);
    assert_eq!(sizes(&store).2, 1);
}

#[test]
fn debug_shows_no_values() {
    let text = format!("{:?} {:?}", MemoryStore::new(), MemoryStore::builder());
    assert!(text.starts_with("MemoryStore { .. } MemoryStoreBuilder"), "{text}");
}
