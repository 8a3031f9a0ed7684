//! How operations travel: one round trip each, also when the server has forgotten the scripts.

use session_runtime::patch::Patch;
use session_runtime::record::Principal;
use session_runtime::store::{Created, Loaded, RedisStore, Store, Updated};

use crate::site::{add, ask, info, key, record_of, server, store};

fn calls(url: &str, command: &str) -> u64 {
    info(url, &format!("cmdstat_{command}")).unwrap_or(0)
}

#[tokio::test]
async fn round_trips() {
    let Some(server) = server(&[]) else { return };
    let url = server.url();
    let store = RedisStore::open(url).unwrap();
    let who = Principal::new("user_id", "7");
    let [one, two] = [key(), key()];
    // The server learns the scripts.
    for _ in 0..2 {
        let [one, two] = [key(), key()];
        let _ = store.create(&one, &record_of(&who)).await.unwrap();
        let _ = store.update(&one, &add(1)).await.unwrap();
        let _ = store.rename(&one, &two, &add(1)).await.unwrap();
        store.delete(&two).await.unwrap();
    }
    let count = || ask::<()>(url, redis::cmd("CONFIG").arg("RESETSTAT"));
    let counted = || ["hgetall", "evalsha", "eval"].map(|command| calls(url, command));

    count();
    assert_eq!(store.create(&one, &record_of(&who)).await.unwrap(), Created::Created);
    assert_eq!(counted(), [0, 1, 0], "create");
    count();
    assert!(matches!(store.load(&one).await.unwrap(), Loaded::Live(_)));
    assert_eq!(counted(), [1, 0, 0], "load");
    count();
    assert_eq!(store.update(&one, &add(1)).await.unwrap(), Updated::Applied);
    assert_eq!(counted(), [0, 1, 0], "update");
    count();
    assert_eq!(store.rename(&one, &two, &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(counted(), [0, 1, 0], "rename");
    count();
    store.delete(&two).await.unwrap();
    assert_eq!(counted(), [0, 1, 0], "delete");
}

#[tokio::test]
async fn scripts_that_were_flushed_are_sent_again() {
    let Some(server) = server(&[]) else { return };
    let store = RedisStore::open(server.url()).unwrap();
    let flush = || ask::<()>(server.url(), redis::cmd("SCRIPT").arg("FLUSH"));
    let who = Principal::new("user_id", "7");
    let [one, two] = [key(), key()];
    for _ in 0..2 {
        flush();
        let _ = store.create(&one, &record_of(&who)).await.unwrap();
    }
    for _ in 0..2 {
        flush();
        assert_eq!(store.update(&one, &add(1)).await.unwrap(), Updated::Applied);
    }
    flush();
    assert_eq!(store.rename(&one, &two, &add(1)).await.unwrap(), Updated::Applied);
    let Loaded::Live(record) = store.load(&two).await.unwrap() else { panic!() };
    assert_eq!(record.fields.get("n"), Some("3"), "each was run once");
    flush();
    assert_eq!(store.list(&who).await.unwrap().len(), 1);
    flush();
    assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);
    flush();
    store.delete(&two).await.unwrap();
    // Many at once: all find out, each runs once.
    let shared = key();
    let _ = store.create(&shared, &record_of(&who)).await.unwrap();
    flush();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let store = store.clone();
                async move { store.update(&shared, &add(1)).await.unwrap() }
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Updated::Applied);
    }
    let Loaded::Live(record) = store.load(&shared).await.unwrap() else { panic!() };
    assert_eq!(record.fields.get("n"), Some("50"));
}

#[tokio::test]
async fn very_many_fields_in_one_call() {
    let Some((store, _)) = store() else { return };
    let (one, two) = (key(), key());
    let mut record = record_of(&Principal::new("user_id", "7"));
    record.fields = (0..20_000).map(|n| (format!("field_{n}"), "\"x\"")).collect();
    assert_eq!(store.create(&one, &record).await.unwrap(), Created::Created);
    assert_eq!(store.rename(&one, &two, &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(store.load(&two).await.unwrap(), Loaded::Live(record));
}
