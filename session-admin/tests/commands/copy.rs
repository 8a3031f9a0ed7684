//! `copy` from store to store.

use std::time::Duration;

use session_runtime::patch::{ExpiryOp, FieldOp, Patch};
use session_runtime::record::Principal;
use session_runtime::record::Record;
use session_runtime::store::{Created, Loaded, Store, Updated};
use test_servers::Kind;

use crate::site::{
    HOUR, Places, Ran, command, content, create, fill, key, now, open, record, run, run_with,
};

fn copy(from: &str, to: &str) -> Ran {
    run(from, &["copy", "--to", to])
}

/// Several pages, and all that a session has comes back from the other end.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_stay_as_they_are_from_store_to_store() {
    let places = Places::new();
    let first = places.sqlite();
    fill(&open(&first).await, 0..1_250).await;
    let before = content(&open(&first).await).await;
    let mut from = first.clone();
    for to in [places.on(Kind::Redis), places.on(Kind::Postgres), Some(places.sqlite())] {
        let Some(to) = to else { continue };
        let copied = copy(&from, &to);
        assert_eq!(copied.code, 0, "{copied:?}");
        let expected =
            "copied 1250 sessions\nthe source has 1250 sessions, the target 1250 of them\n";
        assert_eq!(copied.out, expected.replace("target 1250", "target has 1250"));
        assert!(copied.err.contains("counting: 1250\n"), "{copied:?}");
        assert!(copied.err.contains("copying: 1250 of 1250\n"), "{copied:?}");
        assert!(copied.err.contains("checking: 1250 of 1250\n"), "{copied:?}");
        let store = open(&to).await;
        let two = Principal::new("user_id", "2");
        assert_eq!(store.list(&two).await.unwrap().len(), 2, "the index is there too");
        from = to;
    }
    assert_ne!(from, first);
    assert!(content(&open(&from).await).await == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_store_is_a_source_and_a_target() {
    let places = Places::new();
    let first = places.sqlite();
    fill(&open(&first).await, 0..60).await;
    let before = content(&open(&first).await).await;
    for kind in [Kind::MongoDb, Kind::RedisCluster, Kind::Webdis] {
        let Some(there) = places.on(kind) else { continue };
        let back = places.sqlite();
        for (from, to) in [(&first, &there), (&there, &back)] {
            let copied = copy(from, to);
            assert_eq!(copied.code, 0, "{copied:?}");
        }
        assert!(content(&open(&back).await).await == before, "{}", kind.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_killed_is_repeated() {
    const ALL: u64 = 6_000;
    let places = Places::new();
    let from = places.sqlite();
    fill(&open(&from).await, 0..ALL).await;
    for to in [places.on(Kind::Redis), places.on(Kind::Postgres)] {
        let Some(to) = to else { continue };
        let target = open(&to).await;
        let mut child = command(&from, &["copy", "--to", &to]).spawn().unwrap();
        while target.scan(None, 1).await.unwrap().sessions.is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let there = content(&target).await.len() as u64;
        assert!(0 < there && there < ALL, "killed too late: {there}");
        let again = copy(&from, &to);
        assert_eq!(again.code, 0, "{again:?}");
        // The server may have gone on with what it was sent before.
        let (copied, already) = (number(&again.out, 0), number(&again.out, 1));
        assert!(already >= there && already < ALL && copied + already == ALL, "{there} {again:?}");
        let last = format!("the source has {ALL} sessions, the target has {ALL} of them");
        assert_eq!(again.out.lines().last(), Some(last.as_str()));
        let third = copy(&from, &to);
        assert!(third.code == 0 && third.out.starts_with("copied 0 sessions\n"), "{third:?}");
        assert!(content(&target).await == content(&open(&from).await).await);
    }
}

/// The number in a line.
fn number(text: &str, line: usize) -> u64 {
    let line = text.lines().nth(line).unwrap();
    line.split(' ').find_map(|word| word.parse().ok()).unwrap()
}

#[tokio::test]
async fn what_the_target_has_stays() {
    let places = Places::new();
    let (from, to) = (places.sqlite(), places.sqlite());
    let (old, new) = (open(&from).await, open(&to).await);
    fill(&old, 0..4).await;
    assert_eq!(copy(&from, &to).code, 0);
    let touch = |store: session_runtime::store::AnyStore, number| async move {
        let fields = vec![("counter".into(), FieldOp::Set("99".into()))];
        let expiry = ExpiryOp::Extend(now() + HOUR + Duration::from_secs(9));
        let patch = Patch { fields, expiry, ..Patch::empty() };
        assert_eq!(store.update(&key(number), &patch).await.unwrap(), Updated::Applied);
    };
    touch(new.clone(), 1).await;
    let newer = copy(&from, &to);
    assert_eq!(newer.code, 0, "{newer:?}");
    assert!(newer.out.contains("\n  1 were there already, and were used there since"), "{newer:?}");

    // The application goes on with the source alone: what it does there is lost.
    touch(old.clone(), 2).await;
    let stale = copy(&from, &to);
    assert_eq!(stale.code, 1, "{stale:?}");
    assert!(stale.out.contains(&format!("used in the source since:\n    {}\n", key(2))));
    assert!(stale.out.contains("`MigratingStore`"), "{stale:?}");

    // Another change there, which was no reason to prolong the session.
    let fields = vec![("counter".into(), FieldOp::Set("99".into()))];
    let patch = Patch { fields, ..Patch::empty() };
    assert_eq!(old.update(&key(3), &patch).await.unwrap(), Updated::Applied);
    new.delete(&key(2)).await.unwrap();
    let other = copy(&from, &to);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.out.contains("\n  1 were there already, but differ, and it is not known which"));
    assert!(other.out.contains(&format!("used last:\n    {}\n", key(3))), "{other:?}");
    let counters = content(&new).await;
    assert_eq!(counters[&key(1)].fields.get("counter"), Some("99"));
    assert_eq!(counters[&key(3)].fields.get("counter"), Some("3"));
}

/// Redis keeps times in fewer bits than SQLite.
#[tokio::test(flavor = "multi_thread")]
async fn what_never_expires_is_copied_once() {
    let places = Places::new();
    let from = places.sqlite();
    let mut endless = record(0);
    endless.lifetime.idle = Duration::MAX;
    endless.expires_at = now() + Duration::MAX;
    endless.deadline = endless.expires_at;
    let in_use = Record { deadline: endless.deadline, ..record(1) };
    let store = open(&from).await;
    for (number, record) in [endless, in_use].iter().enumerate() {
        let created = store.create(&key(number as u64), record).await.unwrap();
        assert_eq!(created, Created::Created);
    }
    for to in [places.on(Kind::Redis), places.on(Kind::Postgres)] {
        let Some(to) = to else { continue };
        let first = copy(&from, &to);
        assert_eq!(first.code, 0, "{first:?}");
        let again = copy(&from, &to);
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.out.starts_with("copied 0 sessions\n  2 were there already\n"), "{again:?}");
    }
}

/// The answer is what was found, whether or not somebody reads about it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_answer_does_not_depend_on_who_reads_it() {
    let places = Places::new();
    let (from, to) = (places.sqlite(), places.sqlite());
    fill(&open(&from).await, 0..3).await;
    let copy_into = |out: std::process::Stdio| {
        let mut copy = command(&from, &["copy", "--to", &to]);
        run_with(copy.stdout(out), "")
    };
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let unwritten = copy_into(full.into());
    assert_eq!(unwritten.code, 3, "{unwritten:?}");
    assert!(unwritten.err.contains("the output cannot be written: No space left"), "{unwritten:?}");
    assert!(unwritten.err.contains("checking: 3 of 3\n"), "{unwritten:?}");
    let closed = || std::io::pipe().unwrap().1;
    assert_eq!(copy_into(closed().into()).code, 0);

    let fields = vec![("counter".into(), FieldOp::Set("99".into()))];
    let patch = Patch { fields, ..Patch::empty() };
    assert_eq!(open(&from).await.update(&key(1), &patch).await.unwrap(), Updated::Applied);
    assert_eq!(copy_into(closed().into()).code, 1);
    let unknown = run_with(command(&from, &["end", &key(9).to_string()]).stdout(closed()), "");
    assert_eq!(unknown.code, 1, "{unknown:?}");
}

#[tokio::test]
async fn what_has_ended_is_not_copied() {
    let places = Places::new();
    let (from, to) = (places.sqlite(), places.sqlite());
    let (old, new) = (open(&from).await, open(&to).await);
    let mut expired = record(0);
    expired.expires_at = now() + Duration::from_millis(30);
    assert_eq!(old.create(&key(0), &expired).await.unwrap(), Created::Created);
    let deleted = create(&old, 1).await;
    old.delete(&deleted).await.unwrap();
    create(&old, 2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let copied = copy(&from, &to);
    assert!(copied.code == 0 && copied.out.starts_with("copied 1 session\n"), "{copied:?}");
    assert_eq!(content(&new).await.len(), 1);

    // One that a `MigratingStore` is just about to end in the source too.
    let ended = create(&old, 3).await;
    new.delete(&ended).await.unwrap();
    let copied = copy(&from, &to);
    assert_eq!(copied.code, 0, "{copied:?}");
    let told = "copied 0 sessions\n  1 were there already\n  1 were ended or renewed meanwhile, or expired\n\
        the source has 1 session, the target has 1 of them\n";
    assert_eq!(copied.out, told);
    assert_eq!(new.load(&ended).await.unwrap(), Loaded::Gone);
}

#[test]
fn both_stores_must_be_there() {
    let places = Places::new();
    let missing = copy(&places.sqlite(), &places.sqlite());
    assert!(missing.code == 3 && missing.err.contains("there is no file"), "{missing:?}");
}
