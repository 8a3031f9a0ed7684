//! The index by principal beside the sessions.

use std::time::Duration;

use session_runtime::patch::{ExpiryOp, Patch};
use session_runtime::record::{Lifetime, Principal, Record};
use session_runtime::store::{Created, Loaded, RedisStore, Store, Updated};

use crate::site::{HOUR, Keys, key, now, record_of, store};

async fn create(store: &RedisStore, record: &Record) -> session_runtime::StoreKey {
    let key = key();
    assert_eq!(store.create(&key, record).await.unwrap(), Created::Created);
    key
}

fn entries(keys: &Keys, who: &Principal) -> usize {
    keys.ask_of("ZCARD", &keys.set(who))
}

#[tokio::test]
async fn entries_of_expired_sessions_go_with_the_next_write_or_list() {
    let Some((store, keys)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let short = || Record { expires_at: now() + Duration::from_millis(50), ..record_of(&who) };
    for by_list in [false, true] {
        let lasting = create(&store, &record_of(&who)).await;
        for _ in 0..3 {
            create(&store, &short()).await;
        }
        assert_eq!(entries(&keys, &who), 4);
        tokio::time::sleep(Duration::from_millis(60)).await;
        if by_list {
            assert_eq!(store.list(&who).await.unwrap().len(), 1);
            assert_eq!(entries(&keys, &who), 1);
        } else {
            create(&store, &record_of(&who)).await;
            assert_eq!(entries(&keys, &who), 2);
        }
        assert_eq!(store.delete_all(&who, Some(&lasting)).await.unwrap(), usize::from(!by_list));
        assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);
        assert!(!keys.ask_of::<bool>("EXISTS", &keys.set(&who)));
    }
}

#[tokio::test]
async fn an_index_ends_with_its_last_session() {
    let Some((store, keys)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let record = Record { expires_at: now() + Duration::from_millis(50), ..record_of(&who) };
    create(&store, &record).await;
    assert_eq!(entries(&keys, &who), 1);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(!keys.ask_of::<bool>("EXISTS", &keys.set(&who)));
}

#[tokio::test]
async fn an_index_lasts_as_long_as_a_session_that_is_extended() {
    let Some((store, keys)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let key = create(&store, &record_of(&who)).await;
    let ttl = || keys.ask_of::<u64>("PTTL", &keys.set(&who));
    let touch = Patch { expiry: ExpiryOp::Extend(now() + HOUR * 5), ..Patch::empty() };
    let _ = store.update(&key, &touch).await.unwrap();
    assert!(ttl() > 4 * 3_600_000);
    let longer = ExpiryOp::SetLifetime {
        lifetime: Lifetime { idle: HOUR * 1_000, persistent: true },
        expires_at: now() + HOUR * 1_000,
        deadline: now() + HOUR * 2_000,
    };
    let _ = store.update(&key, &Patch { expiry: longer, ..Patch::empty() }).await.unwrap();
    assert!(ttl() > 999 * 3_600_000);
}

#[tokio::test]
async fn sessions_that_were_lost_are_not_listed() {
    let Some((store, keys)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let lost = create(&store, &record_of(&who)).await;
    let kept = create(&store, &record_of(&who)).await;
    // As an operator would, or a server that evicts.
    keys.ask_of::<()>("DEL", &keys.of(&lost));
    keys.ask::<()>(redis::cmd("ZADD").arg(keys.set(&who)).arg("9e14").arg("no id"));
    let listed = store.list(&who).await.unwrap();
    assert_eq!(listed.iter().map(|info| info.key).collect::<Vec<_>>(), [kept]);
    assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);
    assert_eq!(entries(&keys, &who), 0);
}

#[tokio::test]
async fn thousands_of_sessions() {
    let Some((store, _)) = store() else { return };
    let who = Principal::new("user_id", "\"many\"");
    let record = record_of(&who);
    let mut last = key();
    for _ in 0..25 {
        let keys: Vec<_> = (0..100).map(|_| key()).collect();
        let tasks = keys.iter().map(|key| {
            let (store, record, key) = (store.clone(), record.clone(), *key);
            tokio::spawn(async move { store.create(&key, &record).await.unwrap() })
        });
        for task in tasks.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), Created::Created);
        }
        last = keys[0];
    }
    assert_eq!(store.list(&who).await.unwrap().len(), 2_500);
    assert_eq!(store.delete_all(&who, Some(&last)).await.unwrap(), 2_499);
    assert_eq!(store.list(&who).await.unwrap().len(), 1);
}

/// A session that is renewed while all are deleted does not survive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_racing_delete_all() {
    let Some((store, _)) = store() else { return };
    for round in 0..1_000 {
        let who = Principal::new("user_id", round.to_string());
        let first = create(&store, &record_of(&who)).await;
        let renewals = async {
            let mut from = first;
            for _ in 0..3 {
                let to = key();
                if store.rename(&from, &to, &Patch::empty()).await.unwrap() != Updated::Applied {
                    break;
                }
                from = to;
            }
            from
        };
        let (last, ended) = tokio::join!(renewals, store.delete_all(&who, None));
        assert_eq!(ended.unwrap(), 1);
        assert_eq!(store.load(&last).await.unwrap(), Loaded::Gone);
        assert!(store.list(&who).await.unwrap().is_empty());
    }
}
