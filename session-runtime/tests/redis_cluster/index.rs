//! The index by principal, whose entries are on other servers than the sessions they name.

use std::future::poll_fn;
use std::task::Poll;

use redis::cmd;
use session_runtime::StoreKey;
use session_runtime::patch::{ExpiryOp, Patch, PrincipalOp};
use session_runtime::record::{Lifetime, Principal};
use session_runtime::store::{Created, Loaded, Store, Updated};

use crate::site::{HOUR, ask_of, create, key, now, record_of, store, url};

/// The index of a principal, past the store: ids and how many seconds they still count.
fn entries(prefix: &str, who: &Principal) -> Vec<(String, u64)> {
    let set = format!("{prefix}@{}\0{}", who.key(), who.value());
    let mut command = cmd("ZRANGE");
    command.arg(set).arg(0).arg(-1).arg("WITHSCORES");
    let entries: Vec<(String, u64)> = ask_of(&url().unwrap(), &command);
    let left = |score: u64| score.saturating_sub(now().as_millis()) / 1_000;
    entries.into_iter().map(|(id, score)| (id, left(score))).collect()
}

fn add_entry(prefix: &str, who: &Principal, id: &str, millis: u64) {
    let set = format!("{prefix}@{}\0{}", who.key(), who.value());
    let mut command = cmd("ZADD");
    ask_of::<()>(&url().unwrap(), command.arg(set).arg(millis).arg(id));
}

#[tokio::test]
async fn an_entry_counts_until_the_absolute_deadline() {
    let Some((store, prefix)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let first = create(&store, &record_of(&who)).await;
    let day = |entries: Vec<(String, u64)>, key: StoreKey| {
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].0, key.to_string());
        assert!((86_390..=86_400).contains(&entries[0].1), "{entries:?}");
    };
    day(entries(&prefix, &who), first);
    // A touch leaves it alone.
    let touch = Patch { expiry: ExpiryOp::Extend(now() + HOUR * 5), ..Patch::empty() };
    assert_eq!(store.update(&first, &touch).await.unwrap(), Updated::Applied);
    day(entries(&prefix, &who), first);
    let second = key();
    assert_eq!(store.rename(&first, &second, &touch).await.unwrap(), Updated::Applied);
    day(entries(&prefix, &who), second);
    let longer = ExpiryOp::SetLifetime {
        lifetime: Lifetime { idle: HOUR, persistent: true },
        expires_at: now() + HOUR,
        deadline: now() + HOUR * 48,
    };
    let patch = Patch { expiry: longer, ..Patch::empty() };
    assert_eq!(store.update(&second, &patch).await.unwrap(), Updated::Applied);
    assert!((172_790..=172_800).contains(&entries(&prefix, &who)[0].1));
    store.delete(&second).await.unwrap();
    assert_eq!(entries(&prefix, &who), []);
}

#[tokio::test]
async fn list_removes_entries_without_a_session_that_are_not_provisional() {
    let Some((store, prefix)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let kept = create(&store, &record_of(&who)).await;
    let lost = create(&store, &record_of(&who)).await;
    let [provisional, late, expired] = [(); 3].map(|()| key());
    // As an operator would, or a server that lost it in a failover.
    ask_of::<()>(&url().unwrap(), cmd("DEL").arg(format!("{prefix}{lost}")));
    let now = now().as_millis();
    for (key, grace) in [(&provisional, now + 50_000), (&late, now - 1)] {
        add_entry(&prefix, &who, &key.to_string(), now + 80_000_000);
        add_entry(&prefix, &who, &format!("+{key}"), grace);
    }
    add_entry(&prefix, &who, &expired.to_string(), now - 1);
    let listed = store.list(&who).await.unwrap();
    assert_eq!(listed.iter().map(|info| info.key).collect::<Vec<_>>(), [kept]);
    let left: Vec<_> = entries(&prefix, &who).into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, [format!("+{provisional}"), provisional.to_string(), kept.to_string()]);
    // When the session of the provisional entry is created, the entry lasts.
    assert_eq!(store.create(&provisional, &record_of(&who)).await.unwrap(), Created::Created);
    assert_eq!(store.list(&who).await.unwrap().len(), 2);
    let entries = entries(&prefix, &who);
    assert!(entries.len() == 2 && entries.iter().all(|(_, left)| *left > 80_000), "{entries:?}");
}

/// Wherever a sign-in or a move from another store stops, its session can be found for as long as
/// it lives.
#[tokio::test]
async fn a_create_that_is_interrupted_leaves_no_session_without_an_entry() {
    let Some((store, prefix)) = store() else { return };
    let mut interrupted = 0;
    for round in 0..200 {
        let who = Principal::new("user_id", round.to_string());
        let (key, record) = (key(), record_of(&who));
        // It is dropped in each of its calls.
        let mut polls = 0;
        let mut create = Box::pin(store.create(&key, &record));
        let created = poll_fn(|context| {
            polls += 1;
            match polls > round % 8 {
                true => Poll::Ready(None),
                false => create.as_mut().poll(context).map(Some),
            }
        });
        interrupted += usize::from(created.await.is_none());
        drop(create);
        if let Loaded::Live(_) = store.load(&key).await.unwrap() {
            let entries = entries(&prefix, &who);
            let lasts = |(id, left): &(String, u64)| *id == key.to_string() && *left > 80_000;
            assert!(entries.iter().any(lasts), "round {round}: {entries:?}");
            assert_eq!(store.list(&who).await.unwrap().len(), 1);
            assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);
        }
    }
    assert!(interrupted > 50, "{interrupted}");
}

#[tokio::test]
async fn a_refused_patch_leaves_no_entry() {
    let Some((store, prefix)) = store() else { return };
    let (one, other) = (Principal::new("user_id", "7"), Principal::new("user_id", "8"));
    let key = create(&store, &record_of(&one)).await;
    let op = session_runtime::patch::FieldOp::Replace { old: Some("9".into()), new: None };
    let patch = Patch {
        fields: vec![("a".into(), op)],
        principal: PrincipalOp::Set(other.clone()),
        ..Patch::empty()
    };
    assert!(matches!(store.update(&key, &patch).await.unwrap(), Updated::Conflict(_)));
    assert_eq!((entries(&prefix, &one).len(), entries(&prefix, &other).len()), (1, 0));
    let to = crate::site::key();
    assert!(matches!(store.rename(&key, &to, &patch).await.unwrap(), Updated::Conflict(_)));
    assert_eq!((entries(&prefix, &one).len(), entries(&prefix, &other).len()), (1, 0));
}

/// A session that is deleted while it moves does not arrive.
#[tokio::test]
async fn a_session_that_is_moving_is_ended_where_it_goes() {
    let Some((store, prefix)) = store() else { return };
    let who = Principal::new("user_id", "7");
    for all in [true, false] {
        let (from, to) = (create(&store, &record_of(&who)).await, key());
        // The first half of a rename.
        let mark = format!("{to}>user_id\x007");
        let name = format!("{prefix}{from}");
        ask_of::<()>(&url().unwrap(), cmd("HSET").arg(&name).arg("!").arg(&mark));
        assert_eq!(store.load(&from).await.unwrap(), Loaded::Gone);
        // A look at the principal's sessions does not hide where it goes.
        assert_eq!(store.list(&who).await.unwrap(), []);
        match all {
            true => assert_eq!(store.delete_all(&who, None).await.unwrap(), 1),
            false => store.delete(&from).await.unwrap(),
        }
        assert_eq!(store.create(&to, &record_of(&who)).await.unwrap(), Created::Exists);
        assert_eq!(store.load(&to).await.unwrap(), Loaded::Gone);
        // The second half, repeated.
        assert_eq!(store.rename(&from, &to, &Patch::empty()).await.unwrap(), Updated::Gone);
    }
}

#[tokio::test]
async fn a_rename_that_stopped_half_way_is_finished_by_repeating_it() {
    let Some((store, prefix)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let record = record_of(&who);
    let (from, to) = (create(&store, &record).await, key());
    let mark = format!("{to}>user_id\x007");
    let name = format!("{prefix}{from}");
    ask_of::<()>(&url().unwrap(), cmd("HSET").arg(&name).arg("!").arg(&mark));
    for _ in 0..3 {
        // What it changes, it has changed.
        let renamed = store.rename(&from, &to, &crate::site::add(1)).await.unwrap();
        assert_eq!(renamed, Updated::Applied);
        assert_eq!(store.load(&to).await.unwrap(), Loaded::Live(record.clone()));
        assert_eq!(entries(&prefix, &who).len(), 1);
    }
    assert_eq!(store.rename(&from, &key(), &Patch::empty()).await.unwrap(), Updated::Gone);
}

/// A session that is renewed while all are deleted does not survive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_racing_delete_all() {
    let Some((store, _)) = store() else { return };
    let mut renewed = 0;
    for round in 0..1_000 {
        let who = Principal::new("user_id", round.to_string());
        let first = create(&store, &record_of(&who)).await;
        let renewals = async {
            let mut keys = vec![first];
            for _ in 0..3 {
                let to = key();
                keys.push(to);
                let from = keys[keys.len() - 2];
                if store.rename(&from, &to, &Patch::empty()).await.unwrap() != Updated::Applied {
                    break;
                }
            }
            keys
        };
        // At every moment of the renewals.
        let ends = async {
            tokio::time::sleep(std::time::Duration::from_micros(round * 3)).await;
            store.delete_all(&who, None).await.unwrap()
        };
        let (keys, ended) = tokio::join!(renewals, ends);
        assert_eq!(ended, 1, "round {round}");
        renewed += keys.len() - 1;
        for key in &keys {
            let loaded = store.load(key).await.unwrap();
            assert!(!matches!(loaded, Loaded::Live(_)), "round {round}: a survivor");
        }
        assert!(store.list(&who).await.unwrap().is_empty());
    }
    println!("{renewed} renewals were begun");
    assert!(renewed > 1_000, "they are at the same time");
}
