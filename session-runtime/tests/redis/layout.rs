//! What the server keeps: how much, how it packs it, and for how long.

use session_runtime::patch::{Patch, PrincipalOp};
use session_runtime::record::{Principal, Record};
use session_runtime::store::{Created, Loaded, RedisStore, Store};

use crate::site::{key, now, record, store};

#[tokio::test]
async fn a_small_session_takes_little_memory() {
    let Some((_, keys)) = store() else { return };
    // With the prefix of most people.
    let store = RedisStore::builder(&*keys.url).prefix("session:").build().unwrap();
    let fields = [("counter", "3"), ("theme", "\"dark\""), ("user_id", "42"), ("lang", "\"en\"")];
    let signed_in = Some(Principal::new("user_id", "42"));
    // Other allocators round up more.
    let info: String = keys.ask(redis::cmd("INFO").arg("memory"));
    let limit = if info.contains("mem_allocator:jemalloc") { 168 } else { 184 };
    for principal in [None, signed_in] {
        let key = key();
        let record = Record { principal, ..record(fields) };
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
        let name = format!("session:{key}");
        assert_eq!(name.len(), 30);
        let bytes: u64 = keys.ask(redis::cmd("MEMORY").arg("USAGE").arg(&name));
        println!("four small fields: {bytes} bytes");
        assert!(bytes <= limit, "{bytes} bytes");
        let encoding: String = keys.ask(redis::cmd("OBJECT").arg("ENCODING").arg(&name));
        assert!(["listpack", "ziplist"].contains(&&*encoding), "{encoding}");
        store.delete(&key).await.unwrap();
        let bytes: u64 = keys.ask(redis::cmd("MEMORY").arg("USAGE").arg(&name));
        println!("its tombstone: {bytes} bytes");
        assert!(bytes <= 104, "{bytes} bytes");
    }
}

#[tokio::test]
async fn a_principal_of_any_length_is_kept_and_the_usual_ones_tightly() {
    let Some((store, keys)) = store() else { return };
    for length in [0, 1, 31, 32, 33, 36, 37, 38, 39, 40, 54, 62, 200, 70_000] {
        let key = key();
        let who = Principal::new("user_id", format!("\"{}\"", "x".repeat(length)));
        let mut record = record([("a", "1")]);
        record.principal = Some(who.clone());
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
        assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(record.clone()));
        let encoding: String = keys.ask(redis::cmd("OBJECT").arg("ENCODING").arg(keys.of(&key)));
        assert_eq!(encoding == "hashtable", length > 54, "{length} characters are {encoding}");
        // From long to short and back.
        for value in ["7", who.value()] {
            let patch = Patch {
                principal: PrincipalOp::Set(Principal::new("user_id", value)),
                ..Patch::empty()
            };
            let _ = patch.apply(&mut record);
            let _ = store.update(&key, &patch).await.unwrap();
            assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(record.clone()));
        }
        assert_eq!(store.list(&who).await.unwrap().len(), 1);
        assert_eq!(store.delete_all(&who, None).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn every_key_ends_by_itself() {
    let Some((store, keys)) = store() else { return };
    let who = Principal::new("user_id", "7");
    let [one, two, three] = [key(), key(), key()];
    let record = crate::site::record_of(&who);
    for key in [&one, &two] {
        assert_eq!(store.create(key, &record).await.unwrap(), Created::Created);
    }
    let _ = store.rename(&one, &three, &crate::site::add(1)).await.unwrap();
    store.delete(&two).await.unwrap();
    let names: Vec<String> = keys.ask_of("KEYS", &format!("{}*", keys.prefix));
    assert_eq!(names.len(), 4, "a session, two tombstones and the index: {names:?}");
    let left = record.expires_at.saturating_since(now()).as_millis() as i64;
    for name in names {
        let ttl: i64 = keys.ask_of("PTTL", &name);
        let longest = if name == keys.of(&one) || name == keys.of(&two) { 60_000 } else { left };
        assert!((longest - 2_000..=longest + 1).contains(&ttl), "{name} ends in {ttl} ms");
    }
}

#[tokio::test]
async fn keys_of_others_are_left_alone() {
    let Some((store, keys)) = store() else { return };
    let (text, hash) = (key(), key());
    keys.ask::<()>(redis::cmd("SET").arg(keys.of(&text)).arg("theirs"));
    keys.ask::<()>(redis::cmd("HSET").arg(keys.of(&hash)).arg("a").arg("theirs"));
    for key in [text, hash] {
        assert!(store.load(&key).await.is_err());
        assert_eq!(store.create(&key, &record([])).await.unwrap(), Created::Exists);
    }
    assert!(store.update(&text, &crate::site::add(1)).await.is_err());
    assert!(store.delete(&text).await.is_err());
    assert_eq!(keys.ask_of::<String>("GET", &keys.of(&text)), "theirs");
}

/// What an index adds, and what a text costs that is too long for the tight packing.
#[tokio::test]
async fn what_an_index_and_a_long_text_add() {
    let Some((store, keys)) = store() else { return };
    let usage = |name: &str| keys.ask::<u64>(redis::cmd("MEMORY").arg("USAGE").arg(name));
    let who = Principal::new("user_id", "42");
    for (sessions, limit) in [(1, 160), (2, 200), (10, 520), (100, 4_096), (200, 32_768)] {
        while keys.ask_of::<u64>("ZCARD", &keys.set(&who)) < sessions {
            let created = store.create(&key(), &crate::site::record_of(&who)).await.unwrap();
            assert_eq!(created, Created::Created);
        }
        let bytes = usage(&keys.set(&who));
        println!("index of {sessions} sessions: {bytes} bytes");
        assert!(bytes <= limit, "{bytes} bytes");
    }
    for (length, encoding) in [(2, "listpack"), (64, "listpack"), (65, "hashtable")] {
        let key = key();
        let text = format!("\"{}\"", "x".repeat(length - 2));
        let fields = [("counter", "3"), ("theme", "\"dark\""), ("user_id", "42"), ("lang", &*text)];
        assert_eq!(store.create(&key, &record(fields)).await.unwrap(), Created::Created);
        let name = keys.of(&key);
        println!("four fields, one of them {length} bytes: {} bytes", usage(&name));
        let seen: String = keys.ask(redis::cmd("OBJECT").arg("ENCODING").arg(&name));
        assert_eq!(seen.replace("ziplist", "listpack"), encoding);
    }
}
