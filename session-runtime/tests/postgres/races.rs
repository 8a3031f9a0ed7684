//! Many operations at once: no update is lost, no session survives a delete, no call hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_runtime::StoreKey;
use session_runtime::patch::FieldOp;
use session_runtime::record::Principal;
use session_runtime::store::{Loaded, PostgresStore, Store, Updated};
use tokio::sync::Barrier;

use crate::site::{Site, add_one, key, patch, record, record_of};

/// Runs tasks that begin together; returns their answers.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    tasks: impl Iterator<Item = F>,
) -> Vec<T> {
    let tasks: Vec<_> = tasks.collect();
    let start = Arc::new(Barrier::new(tasks.len()));
    let begin = |task: F| {
        let start = start.clone();
        tokio::spawn(async move {
            start.wait().await;
            task.await
        })
    };
    let tasks: Vec<_> = tasks.into_iter().map(begin).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// Renames a session until it is gone or the test ends; returns its last key.
async fn renew(store: PostgresStore, mut from: StoreKey, ended: Arc<AtomicBool>) -> StoreKey {
    while !ended.load(Ordering::Relaxed) {
        let to = key();
        match store.rename(&from, &to, &add_one()).await.unwrap() {
            Updated::Applied => from = to,
            _ => break,
        }
    }
    from
}

/// A thousand sessions are renewed again and again while all of them are deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn renew_against_delete_all() {
    let Some(site) = Site::new().await else { return };
    for round in 0..100 {
        let ann = Principal::new("user_id", round.to_string());
        let mut keys = Vec::new();
        for _ in 0..10 {
            keys.push(site.create(&record_of(&ann)).await);
        }
        let ended = Arc::<AtomicBool>::default();
        let (store, who, done) = (site.store.clone(), ann.clone(), ended.clone());
        let end = tokio::spawn(async move {
            tokio::task::yield_now().await;
            let count = store.delete_all(&who, None).await;
            done.store(true, Ordering::Relaxed);
            count
        });
        let renewed = keys.into_iter().map(|key| renew(site.store.clone(), key, ended.clone()));
        let last = at_once(renewed).await;
        assert_eq!(end.await.unwrap().unwrap(), 10, "in round {round}");
        for key in &last {
            assert!(!site.is_live(key).await, "in round {round}");
        }
        assert_eq!(site.store.list(&ann).await.unwrap(), []);
    }
}

/// The victim of a deadlock does not see an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn delete_all_against_itself_and_others() {
    let Some(site) = Site::new().await else { return };
    let ann = Principal::new("user_id", "1");
    for _ in 0..10 {
        let mut keys = Vec::new();
        for _ in 0..50 {
            keys.push(site.create(&record_of(&ann)).await);
        }
        let ended = at_once((0..12).map(|task| {
            let (store, who, keys) = (site.store.clone(), ann.clone(), keys.clone());
            async move {
                if task % 3 == 0 {
                    return store.delete_all(&who, None).await.unwrap();
                }
                for key in keys.iter().rev().skip(task) {
                    match task % 3 {
                        1 => drop(store.update(key, &add_one()).await.unwrap()),
                        _ => store.delete(key).await.unwrap(),
                    }
                }
                0
            }
        }));
        assert!(ended.await.into_iter().sum::<usize>() <= 50);
        for key in &keys {
            assert_eq!(site.store.load(key).await.unwrap(), Loaded::Gone);
        }
    }
}

/// Another transaction causes a deadlock: the statement is rolled back and run again.
#[tokio::test]
async fn a_deadlock_is_not_told() {
    let Some(site) = Site::new().await else { return };
    let ann = Principal::new("user_id", "1");
    let (one, two) = (site.create(&record_of(&ann)).await, site.create(&record_of(&ann)).await);
    let lock = async |busy: &mut sqlx::PgConnection, key: &StoreKey| {
        let sql = format!(r#"SELECT 1 FROM "{}" WHERE key = $1 FOR UPDATE"#, site.table);
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&key.as_bytes()[..]).fetch_all(busy).await
    };
    for (first, second) in [(&one, &two), (&two, &one)] {
        let mut busy = site.pool.begin().await.unwrap();
        // The other transaction checks for deadlocks later, so it is not the victim.
        sqlx::raw_sql("SET LOCAL deadlock_timeout = '10s'").execute(&mut *busy).await.unwrap();
        lock(&mut busy, second).await.unwrap();
        let (store, who) = (site.store.clone(), ann.clone());
        let ended = tokio::spawn(async move { store.delete_all(&who, None).await });
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while site.number(waits).await == 0 {
            assert!(!ended.is_finished(), "it waits for the second session");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // This is a deadlock if the statement has locked the first row; in one of both orders it
        // has.
        lock(&mut busy, first).await.unwrap();
        busy.rollback().await.unwrap();
        assert_eq!(ended.await.unwrap().unwrap(), 2);
        for key in [&one, &two] {
            assert_eq!(site.store.load(key).await.unwrap(), Loaded::Gone);
        }
        site.run("DELETE FROM {table}").await;
        for key in [&one, &two] {
            let _ = site.store.create(key, &record_of(&ann)).await.unwrap();
        }
    }
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    println!("{} deadlocks in this database so far", site.number(deadlocks).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn adds_and_replaces_are_all_kept() {
    let Some(site) = Site::new().await else { return };
    let session = site.create(&record(&[("n", "0"), ("list", "")])).await;
    at_once((0..20).map(|task| {
        let store = site.store.clone();
        async move {
            let mut held = String::new();
            for _ in 0..50 {
                if task % 2 == 0 {
                    let added = store.update(&session, &add_one()).await.unwrap();
                    assert_eq!(added, Updated::Applied);
                    continue;
                }
                loop {
                    let new = format!("{held}x").into();
                    let op = FieldOp::Replace { old: Some(held.as_str().into()), new: Some(new) };
                    match store.update(&session, &patch("list", op)).await.unwrap() {
                        Updated::Applied => break,
                        Updated::Conflict(current) => {
                            held = current.fields.get("list").unwrap().to_owned();
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
    }))
    .await;
    let Loaded::Live(record) = site.store.load(&session).await.unwrap() else { panic!("live") };
    assert_eq!(record.fields.get("n"), Some("500"));
    assert_eq!(record.fields.get("list").map(str::len), Some(500));
}
