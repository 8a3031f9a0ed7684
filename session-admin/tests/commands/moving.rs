//! `copy` while the application runs, with a `MigratingStore`.

use std::collections::BTreeMap;

use session_runtime::StoreKey;
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::store::{AnyStore, Created, Loaded, MigratingStore, Store, Updated};
use test_servers::Kind;

use crate::site::{Places, command, content, fill, key, open, record, run, run_with};

const ALL: u64 = 2_000;

/// What the application does with one session, while it may be copied at any moment.
async fn use_one(both: AnyStore, number: u64) -> (StoreKey, Option<&'static str>) {
    let (at, to) = (key(number), key(number + ALL));
    let fields = vec![("counter".into(), FieldOp::Set("\"changed\"".into()))];
    let change = Patch { fields, ..Patch::empty() };
    match number % 4 {
        0 => {
            both.delete(&at).await.unwrap();
            (at, None)
        }
        1 => {
            assert_eq!(both.update(&at, &change).await.unwrap(), Updated::Applied);
            (at, Some("\"changed\""))
        }
        2 => {
            assert_eq!(both.rename(&at, &to, &change).await.unwrap(), Updated::Applied);
            assert_eq!(both.load(&at).await.unwrap(), Loaded::Gone);
            (to, Some("\"changed\""))
        }
        _ => {
            assert!(matches!(both.load(&at).await.unwrap(), Loaded::Live(_)));
            (at, Some(""))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_out_and_nobody_is_signed_in_again() {
    let places = Places::new();
    for to in [places.on(Kind::Redis), places.on(Kind::Postgres), Some(places.sqlite())] {
        let Some(to) = to else { continue };
        let from = places.sqlite();
        let (old, new) = (open(&from).await, open(&to).await);
        fill(&old, 0..ALL).await;
        let both = AnyStore::new(MigratingStore::new(old.clone(), new.clone()));

        let mut copy = command(&from, &["copy", "--to", &to]);
        let copy = tokio::task::spawn_blocking(move || run_with(&mut copy, ""));
        let mut expected = BTreeMap::new();
        for number in 0..ALL {
            let (key, counter) = use_one(both.clone(), number).await;
            expected.insert(key, counter);
        }
        let copied = copy.await.unwrap();
        assert_eq!(copied.code, 0, "{copied:?}");

        // From now on with the new store alone.
        let there = content(&new).await;
        for (key, counter) in &expected {
            let record = there.get(key);
            assert_eq!(record.is_some(), counter.is_some(), "{key} {counter:?}");
            if let (Some(record), Some("\"changed\"")) = (record, counter) {
                assert_eq!(record.fields.get("counter"), *counter, "{key}");
            }
        }
        assert_eq!(there.len(), expected.values().flatten().count());
    }
}

/// What the README says of `end` while both stores are in use.
#[tokio::test]
async fn ended_in_the_old_store_and_then_in_the_new_one_is_ended() {
    let places = Places::new();
    let (from, to) = (places.sqlite(), places.sqlite());
    let (old, new) = (open(&from).await, open(&to).await);
    let both = MigratingStore::new(old.clone(), new.clone());
    fill(&old, 0..3).await;
    // The first was copied, the second has moved, the third is in the old store alone.
    assert_eq!(new.create(&key(0), &record(0)).await.unwrap(), Created::Created);
    assert_eq!(both.update(&key(1), &Patch::empty()).await.unwrap(), Updated::Applied);

    let end = ["end", "--principal", "user_id=0"];
    assert_eq!(run(&from, &end).out, "ended 2 sessions\n");
    assert_eq!(both.update(&key(2), &Patch::empty()).await.unwrap(), Updated::Gone);
    assert_eq!(run(&to, &end).out, "ended 2 sessions\n");
    for number in 0..3 {
        let found = both.load(&key(number)).await.unwrap();
        assert!(!matches!(found, Loaded::Live(_)), "{number} {found:?}");
    }
}
