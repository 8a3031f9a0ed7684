//! `list`, `end`, `sweep` and `health`.

use session_runtime::record::Principal;
use session_runtime::store::{Created, Loaded, SqliteStore, Store};
use session_runtime::{Clock, StoreKey, Timestamp};
use test_servers::Kind;

use crate::site::{Places, command, create, fill, now, open, record, run, run_with};

#[tokio::test]
async fn a_list_names_the_fields_and_shows_values_only_when_asked() {
    let places = Places::new();
    let url = places.sqlite();
    let store = open(&url).await;
    fill(&store, 0..9).await;
    let listed = run(&url, &["list", "--principal", "user_id=2"]);
    assert_eq!((listed.code, listed.err.as_str()), (0, ""), "{listed:?}");
    let mut lines = listed.out.lines();
    assert!(lines.next().unwrap().starts_with("ID "), "{listed:?}");
    let ids: Vec<_> = lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    // Number 7 is nobody's.
    let mut two = [6, 8].map(|number| crate::site::key(number).to_string());
    two.sort();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(sorted, two);
    assert!(listed.out.contains("counter, note, user_id"), "{listed:?}");
    assert!(!listed.out.contains("hunter2"), "{listed:?}");

    let shown = run(&url, &["list", "--principal", "user_id=2", "--show-values"]);
    assert!(shown.out.contains(r#"    note = "hunter2 \u0000 ü 6""#), "{shown:?}");

    let nobody = run(&url, &["list", "--principal", r#"user_id="2""#]);
    assert_eq!((nobody.code, nobody.out.lines().count()), (0, 1), "a text is no number");
}

#[tokio::test]
async fn a_list_as_json() {
    let places = Places::new();
    let url = places.sqlite();
    let key = create(&open(&url).await, 5).await;
    let json = |args: &[&str]| -> serde_json::Value {
        let ran = run(&url, &[&["list", "--json", "--principal", "user_id=1"], args].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    };
    let names = json(&[]);
    assert_eq!(names[0]["id"], key.to_string());
    assert_eq!(names[0]["fields"], serde_json::json!(["counter", "note", "user_id"]));
    assert_eq!(names[0]["remembered"], true);
    assert!(names[0]["expires_at"].as_str().unwrap().ends_with('Z'), "{names}");
    let values = json(&["--show-values"]);
    assert_eq!(values[0]["fields"]["counter"], 5);
    assert_eq!(values[0]["fields"]["note"], "hunter2 \0 ü 5");
    assert_eq!(values.as_array().unwrap().len(), 1);
}

/// What a terminal would obey is not printed as it is.
#[tokio::test]
async fn a_list_is_safe_to_look_at() {
    let places = Places::new();
    let url = places.sqlite();
    let mut evil = record(0);
    evil.fields.set("\x1b[2J", "\"\u{9b}2J\"");
    let store = open(&url).await;
    assert_eq!(store.create(&crate::site::key(0), &evil).await.unwrap(), Created::Created);
    let listed = run(&url, &["list", "--principal", "user_id=0", "--show-values"]);
    assert!(!listed.out.contains(['\x1b', '\u{9b}']), "{listed:?}");
    assert!(listed.out.contains(r"\u{1b}[2J"), "{listed:?}");

    evil.fields.set("\u{7f}", "{\"\u{9b}2J\": \"ü\u{80}\"}");
    evil.fields.set("\u{85}", "no JSON \u{9f}");
    assert_eq!(store.create(&crate::site::key(1), &evil).await.unwrap(), Created::Created);
    let args = ["list", "--principal", "user_id=0", "--json", "--show-values"];
    let listed = run(&url, &args);
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(!listed.out.contains(controls), "{listed:?}");
    let json: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let rows = json.as_array().unwrap().iter().map(|row| &row["fields"]);
    let fields = rows.max_by_key(|fields| fields.as_object().unwrap().len()).unwrap();
    assert_eq!(fields["\u{7f}"]["\u{9b}2J"], "ü\u{80}");
    assert_eq!(fields["\u{85}"], "no JSON \u{9f}");
    let names = run(&url, &args[..4]);
    assert!(names.out.contains(r#""\u007f""#) && !names.out.contains(controls), "{names:?}");
}

#[tokio::test]
async fn one_session_is_ended_by_its_id() {
    let places = Places::new();
    for url in [Some(places.sqlite()), places.on(Kind::Redis), places.on(Kind::Postgres)] {
        let Some(url) = url else { continue };
        let store = open(&url).await;
        // The texts of these begin with `-`, `-h` and `-V`, as options do.
        for bytes in [[7; 2], [0xf8, 0], [0xfa, 0x10], [0xf9, 0x50]] {
            let mut key = [7; 16];
            key[..2].copy_from_slice(&bytes);
            let key = StoreKey::from_bytes(key);
            assert_eq!(store.create(&key, &record(1)).await.unwrap(), Created::Created);
            let ended = run(&url, &["end", &key.to_string()]);
            assert_eq!((ended.code, ended.out), (0, format!("ended {key}\n")), "{}", ended.err);
            assert_eq!(store.load(&key).await.unwrap(), Loaded::Gone);
            let again = run(&url, &["end", &key.to_string()]);
            assert_eq!((again.code, again.err.as_str()), (1, ""));
            assert_eq!(again.out, format!("{key} was ended or renewed a moment ago\n"));
        }
        let unknown = StoreKey::from_bytes([9; 16]);
        let none = run(&url, &["end", &unknown.to_string()]);
        assert_eq!((none.code, none.out), (1, format!("there is no live session {unknown}\n")));
    }
}

#[tokio::test]
async fn the_sessions_of_a_principal_are_ended_but_one() {
    let places = Places::new();
    for url in [Some(places.sqlite()), places.on(Kind::MongoDb), places.on(Kind::RedisCluster)] {
        let Some(url) = url else { continue };
        let store = open(&url).await;
        fill(&store, 0..6).await;
        let kept = crate::site::key(0).to_string();
        let except = ["end", "--principal", "user_id=0", "--except", &kept];
        assert_eq!(run(&url, &except).out, "ended 2 sessions\n");
        let zero = Principal::new("user_id", "0");
        assert_eq!(store.list(&zero).await.unwrap()[0].id(), kept);
        assert_eq!(run(&url, &["end", "--principal", "user_id=0"]).out, "ended 1 session\n");
        assert_eq!(run(&url, &["end", "--principal", "user_id=0"]).out, "ended 0 sessions\n");
        let one = Principal::new("user_id", "1");
        assert_eq!(store.list(&one).await.unwrap().len(), 2, "number 3 is nobody's");
    }
}

#[tokio::test]
async fn what_has_expired_is_swept() {
    struct TwoHoursAgo;
    impl Clock for TwoHoursAgo {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(now().as_millis() - 7_200_000)
        }
    }
    let places = Places::new();
    let url = places.sqlite();
    let path = url.strip_prefix("sqlite:").unwrap();
    let store = SqliteStore::builder(path).clock(TwoHoursAgo).open().unwrap();
    let store = session_runtime::store::AnyStore::new(store);
    for number in 0..2_345 {
        let mut record = record(number);
        record.expires_at = Timestamp::from_millis(record.expires_at.as_millis() - 7_200_000);
        let key = crate::site::key(number);
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
    }
    let key = create(&store, 9_999).await;
    let swept = run(&url, &["sweep"]);
    assert_eq!((swept.code, swept.out.as_str()), (0, "removed 2345 expired records\n"));
    assert_eq!(swept.err, "sweeping: 2345\n", "no terminal, so no bar");
    assert!(matches!(open(&url).await.load(&key).await.unwrap(), Loaded::Live(_)));
    assert_eq!(run(&url, &["sweep"]).out, "removed 0 expired records\n");
    let Some(url) = places.on(Kind::Redis) else { return };
    let swept = run(&url, &["sweep"]);
    assert!(swept.code == 0 && swept.out.contains("nothing to sweep"), "{swept:?}");
}

#[tokio::test]
async fn health_says_whether_the_store_answers() {
    let places = Places::new();
    for url in [Some(places.sqlite()), places.on(Kind::Webdis), places.on(Kind::Postgres)] {
        let Some(url) = url else { continue };
        open(&url).await;
        let health = run(&url, &["health"]);
        assert!(health.code == 0 && health.out.starts_with("the store answers"), "{health:?}");
    }
    let nobody = run("redis://:hunter2@127.0.0.1:1?command_timeout_ms=500", &["health"]);
    assert_eq!((nobody.code, nobody.out.as_str()), (3, ""), "{nobody:?}");
    assert!(nobody.err.starts_with("error: the session store failed: "), "{nobody:?}");
    assert!(!nobody.err.contains("hunter2"), "{nobody:?}");
}

/// A name that is misspelt is told, and nothing is made of it.
#[tokio::test]
async fn a_store_that_is_not_there_is_told() {
    let places = Places::new();
    for kind in [None, Some(Kind::Postgres), Some(Kind::MongoDb)] {
        let place = match kind {
            None => Some(places.sqlite()),
            Some(kind) => places.on(kind),
        };
        let Some(url) = place else { continue };
        let missing = match kind {
            None => {
                open(&url).await;
                format!("{url}?table=misspelt")
            }
            Some(_) => url,
        };
        for _ in 0..2 {
            let listed = run(&missing, &["list", "--principal", "user_id=1"]);
            assert_eq!((listed.code, listed.out.as_str()), (3, ""), "{listed:?}");
            assert!(listed.err.contains(" no "), "{listed:?}");
        }
        open(&missing).await;
        assert_eq!(run(&missing, &["list", "--principal", "user_id=1"]).code, 0);
    }
}

#[test]
fn wrong_arguments_are_told() {
    let places = Places::new();
    let missing = places.sqlite();
    for (store, args, code, told) in [
        ("memory:", &["health"][..], 2, "within the application"),
        ("redis://h", &["list", "--principal", "user=anna"], 2, r#"'user="anna"'"#),
        ("redis://h", &["end"], 2, "Usage"),
        ("redis://h", &["end", "short"], 2, "22 characters"),
        ("redis://h", &["end", "--except", "BwcHBwcHBwcHBwcHBwcHBw"], 2, "--principal"),
        ("redis://h", &["copy"], 2, "--to"),
        ("mysql://h", &["health"], 3, "the store `mysql:` is unknown"),
        (&missing, &["health"], 3, "there is no file"),
    ] {
        let ran = run(store, args);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{args:?} {ran:?}");
        assert!(ran.err.contains(told), "{args:?} {ran:?}");
    }
    assert!(!std::path::Path::new(missing.strip_prefix("sqlite:").unwrap()).exists());
    let nothing = run_with(command("", &["health"]).env_remove("SESSION_STORE"), "");
    assert!(nothing.code == 2 && nothing.err.contains("SESSION_STORE"), "{nothing:?}");
    let help = run_with(command("redis://:hunter2@h", &["--help"]).env("COLUMNS", "100"), "");
    assert!(help.code == 0 && help.out.contains("Exit codes:"), "{help:?}");
    assert!(!help.out.contains("hunter2"), "{help:?}");
}
