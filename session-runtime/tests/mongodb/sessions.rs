//! Sessions as documents, and what each operation costs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Bson, doc};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use session_runtime::Clock;
use session_runtime::patch::{ExpiryOp, FieldOp, Patch};
use session_runtime::record::{Principal, Record};
use session_runtime::store::{Created, Loaded, MongoStore, Store, Updated};
use session_runtime::testing::ManualClock;

use crate::{Place, add, fresh, key, patch, record};

#[tokio::test]
async fn integers_are_longs_and_names_are_escaped() {
    let Some(place) = Place::new() else { return };
    let store = place.builder().open().await.unwrap();
    let fields =
        [("n", "7"), ("", "1"), ("a.b", "\"x\""), ("$set", "1.0"), ("n\0l", "2"), ("50%", "-0")];
    let one = fresh(&fields);
    assert_eq!(store.create(&key(1), &one).await.unwrap(), Created::Created);
    let documents = place.documents().await;
    let found = documents.find_one(doc! {}).await.unwrap().unwrap();
    let kept = found.get_document("fields").unwrap();
    assert_eq!(kept.get("n"), Some(&Bson::Int64(7)));
    assert_eq!(kept.get("a%2eb"), Some(&Bson::String("\"x\"".into())));
    assert_eq!(kept.get("%24set"), Some(&Bson::String("1.0".into())));
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Live(one));
    // Each can be changed, too.
    for (name, text) in fields {
        let swap = FieldOp::Replace { old: Some(text.into()), new: Some("5".into()) };
        assert_eq!(store.update(&key(1), &patch(name, swap)).await.unwrap(), Updated::Applied);
        assert_eq!(store.update(&key(1), &patch(name, add(1))).await.unwrap(), Updated::Applied);
    }
    let after = fresh(&fields.map(|(name, _)| (name, "6"))).fields;
    let Loaded::Live(seen) = store.load(&key(1)).await.unwrap() else { panic!("it is live") };
    assert_eq!(seen.fields, after);
}

#[tokio::test]
async fn expiry_goes_by_the_clock_to_the_millisecond() {
    let Some(place) = Place::new() else { return };
    let clock = ManualClock::default();
    let tombstones = Duration::from_secs(5);
    let builder = place.builder().clock(clock.clone()).tombstone_time(tombstones);
    let store = builder.open().await.unwrap();
    let one = record(&clock, &[("a", "1")]);
    assert_eq!(store.create(&key(1), &one).await.unwrap(), Created::Created);
    assert_eq!(store.create(&key(2), &one).await.unwrap(), Created::Created);
    clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Live(one.clone()));
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.load(&key(1)).await.unwrap(), Loaded::Absent);
    assert_eq!(store.update(&key(1), &Patch::empty()).await.unwrap(), Updated::Gone);
    // The expired document is still stored, and is replaced.
    assert_eq!(place.documents().await.count_documents(doc! {}).await.unwrap(), 2);
    let anew = record(&clock, &[("b", "2")]);
    assert_eq!(store.create(&key(1), &anew).await.unwrap(), Created::Created);
    assert_eq!(store.create(&key(1), &anew).await.unwrap(), Created::Exists);
    // A renamed and a deleted session are `Gone` as long as a tombstone lasts.
    assert_eq!(store.rename(&key(1), &key(3), &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(store.create(&key(1), &anew).await.unwrap(), Created::Exists);
    store.delete(&key(3)).await.unwrap();
    store.delete(&key(4)).await.unwrap();
    for number in [1, 3, 4] {
        assert_eq!(store.load(&key(number)).await.unwrap(), Loaded::Gone, "{number}");
    }
    assert_eq!(store.sweep(10).await.unwrap(), 1);
    clock.advance(tombstones);
    for number in [1, 3, 4] {
        assert_eq!(store.load(&key(number)).await.unwrap(), Loaded::Absent, "{number}");
    }
    assert_eq!(store.sweep(10).await.unwrap(), 2);
}

#[tokio::test]
async fn a_rename_leaves_one_document() {
    let Some(place) = Place::new() else { return };
    let store = place.builder().open().await.unwrap();
    let _ = store.create(&key(1), &fresh(&[("a", "1")])).await.unwrap();
    for number in 1..50 {
        let renamed = store.rename(&key(number), &key(number + 1), &Patch::empty()).await.unwrap();
        assert_eq!(renamed, Updated::Applied);
    }
    let documents = place.documents().await;
    assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 1);
    let found = documents.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(found.get_array("keys").unwrap().len(), 33);
    assert_eq!(store.load(&key(49)).await.unwrap(), Loaded::Gone);
    // A key in use is refused, and nothing is changed.
    let _ = store.create(&key(100), &fresh(&[])).await.unwrap();
    assert!(store.rename(&key(50), &key(100), &patch("a", add(1))).await.is_err());
    let Loaded::Live(Record { fields, .. }) = store.load(&key(50)).await.unwrap() else { panic!() };
    assert_eq!(fields.get("a"), Some("1"));
}

/// The commands a store sends, by name.
async fn counted(place: &Place) -> (MongoStore, Arc<Mutex<Vec<String>>>) {
    let commands = Arc::new(Mutex::new(Vec::new()));
    let seen = commands.clone();
    let mut options = ClientOptions::parse(&place.url).await.unwrap();
    options.command_event_handler = Some(EventHandler::callback(move |event| {
        if let CommandEvent::Started(event) = event {
            seen.lock().unwrap().push(event.command_name);
        }
    }));
    let client = Client::with_options(options).unwrap();
    let store =
        MongoStore::with_client(client).collection(&*place.collection).open().await.unwrap();
    (store, commands)
}

#[tokio::test]
async fn an_operation_is_one_command() {
    let Some(place) = Place::new() else { return };
    let (store, commands) = counted(&place).await;
    let sent = || std::mem::take(&mut *commands.lock().unwrap());
    sent();
    let mut one = fresh(&[("a", "1")]);
    one.principal = Some(Principal::new("user_id", "7"));
    let _ = store.create(&key(1), &one).await.unwrap();
    assert_eq!(sent(), ["insert"]);
    store.load(&key(1)).await.unwrap();
    assert_eq!(sent(), ["find"]);
    let mut all = Patch::empty();
    all.fields = vec![
        ("a".into(), add(1)),
        ("new".into(), add(5)),
        ("b".into(), FieldOp::Set("true".into())),
        ("c".into(), FieldOp::Replace { old: None, new: Some("\"c\"".into()) }),
    ];
    all.expiry = ExpiryOp::Extend(one.expires_at + Duration::from_secs(60));
    assert_eq!(store.update(&key(1), &all).await.unwrap(), Updated::Applied);
    assert_eq!(sent(), ["update"]);
    assert_eq!(store.rename(&key(1), &key(2), &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(sent(), ["update"]);
    store.list(one.principal.as_ref().unwrap()).await.unwrap();
    assert_eq!(sent(), ["find"]);
    store.delete(&key(2)).await.unwrap();
    assert_eq!(sent(), ["update"]);
    // If the first command does not match, the session is read.
    let _ = store.create(&key(3), &fresh(&[("n", "250")])).await.unwrap();
    sent();
    let op = FieldOp::Add { delta: 10, min: 0, max: 255, start: 0 };
    assert_eq!(store.update(&key(3), &patch("n", op)).await.unwrap(), Updated::Applied);
    assert_eq!(sent(), ["update", "find", "update"]);
    let Loaded::Live(record) = store.load(&key(3)).await.unwrap() else { panic!("it is live") };
    assert_eq!(record.fields.get("n"), Some("255"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sums_at_their_bounds_are_exact_too() {
    let Some(place) = Place::new() else { return };
    let store = place.builder().open().await.unwrap();
    let _ = store.create(&key(1), &fresh(&[])).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let store = store.clone();
        // It starts at 10, and at most 25 of the 40 fit.
        let op = FieldOp::Add { delta: 1, min: 0, max: 35, start: 10 };
        tasks.push(tokio::spawn(async move {
            for _ in 0..2 {
                let updated = store.update(&key(1), &patch("n", op.clone())).await.unwrap();
                assert_eq!(updated, Updated::Applied);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let Loaded::Live(record) = store.load(&key(1)).await.unwrap() else { panic!("it is live") };
    assert_eq!(record.fields.get("n"), Some("35"));
}

/// As many rounds as a slow server can take.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_renewed_session_survives_delete_all() {
    let Some(place) = Place::new() else { return };
    let store = place.builder().open().await.unwrap();
    for round in 0..100_u8 {
        let who = Principal::new("user_id", round.to_string());
        let from = session_runtime::StoreKey::from_bytes([
            round, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        let to = session_runtime::StoreKey::from_bytes([
            round, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ]);
        let record = Record { principal: Some(who.clone()), ..fresh(&[]) };
        let _ = store.create(&from, &record).await.unwrap();
        let (renaming, ending) = (store.clone(), store.clone());
        let rename =
            tokio::spawn(async move { renaming.rename(&from, &to, &Patch::empty()).await });
        let owner = who.clone();
        let end = tokio::spawn(async move { ending.delete_all(&owner, None).await });
        let _ = rename.await.unwrap().unwrap();
        assert_eq!(end.await.unwrap().unwrap(), 1);
        for key in [from, to] {
            assert!(!matches!(store.load(&key).await.unwrap(), Loaded::Live(_)), "round {round}");
        }
    }
}

#[test]
fn clocks_can_be_shared() {
    // `ManualClock` clones share their time, which the tests above rely on.
    let clock = ManualClock::default();
    clock.clone().advance(Duration::from_secs(1));
    assert_eq!(clock.now(), ManualClock::default().now() + Duration::from_secs(1));
}
