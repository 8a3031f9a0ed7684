//! The rows: texts as strings, touches in place, tombstones and sweeps.

use std::time::Duration;

use session_runtime::Timestamp;
use session_runtime::patch::{ExpiryOp, FieldOp, Patch};
use session_runtime::record::{Principal, Record};
use session_runtime::store::{Loaded, Store, Updated};

use crate::site::{HOUR, Site, add_one, key, now, patch, record, record_of, sign_in};

/// A touch within the hour changes the expiry but no index.
#[tokio::test]
async fn a_touch_is_a_hot_update() {
    let Some(site) = Site::new().await else { return };
    // In the middle of an hour, so that a touch stays within it.
    let hour = 3_600_000;
    let middle = (now().as_millis() / hour + 3) * hour + hour / 2;
    let ann = Principal::new("user_id", "1");
    let mut keys = Vec::new();
    for _ in 0..200 {
        let expires_at = Timestamp::from_millis(middle);
        keys.push(site.create(&Record { expires_at, ..record_of(&ann) }).await);
    }
    for touch in 1..=20 {
        let until = Timestamp::from_millis(middle + touch);
        let patch = Patch { expiry: ExpiryOp::Extend(until), ..add_one() };
        for key in &keys {
            assert_eq!(site.store.update(key, &patch).await.unwrap(), Updated::Applied);
        }
    }
    // The backends report their statistics when they end, at the latest.
    site.store.close().await;
    let stat = async |column: &str| {
        let sql =
            format!("SELECT {column} FROM pg_stat_user_tables WHERE relid = '{{table}}'::regclass");
        site.number(&sql).await
    };
    while stat("n_tup_upd").await < 4_000 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let hot = stat("n_tup_hot_upd").await;
    println!("{hot} of 4000 updates were HOT");
    assert!(hot > 3_600, "{hot} of 4000");
}

#[tokio::test]
async fn fields_are_strings_in_an_object() {
    let Some(site) = Site::new().await else { return };
    let texts = [("n", "41"), ("z", r#""\u0000""#), ("s", r#""\ud800 \\u0000""#)];
    let key = site.create(&record(&texts)).await;
    let strings =
        "SELECT count(*) FROM {table}, jsonb_each(fields) WHERE jsonb_typeof(value) = 'string'";
    assert_eq!(site.number(strings).await, 3);
    let _ = site.store.update(&key, &add_one()).await.unwrap();
    assert_eq!(site.number("SELECT (fields ->> 'n')::bigint FROM {table}").await, 42);
    assert_eq!(site.number(strings).await, 3);
}

/// PostgreSQL cannot store a raw U+0000, which JSON text never contains: the result is an error.
#[tokio::test]
async fn a_raw_nul_is_refused() {
    let Some(site) = Site::new().await else { return };
    assert!(site.store.create(&key(), &record(&[("a", "\"\0\"")])).await.is_err());
    let key = site.create(&record(&[("a", "1")])).await;
    for (field, op) in [
        ("a", FieldOp::Set("\"\0\"".into())),
        ("\0", FieldOp::Set("1".into())),
        ("\0", FieldOp::Remove),
        ("a", FieldOp::Replace { old: Some("\0".into()), new: None }),
    ] {
        assert!(site.store.update(&key, &patch(field, op)).await.is_err());
    }
    let Loaded::Live(kept) = site.store.load(&key).await.unwrap() else { panic!("it is live") };
    assert_eq!(kept.fields.iter().collect::<Vec<_>>(), [("a", "1")]);
    assert_eq!(site.number("SELECT count(*) FROM {table}").await, 1);
    // A principal is stored in another way.
    let nobody = Principal::new("user_id", "\"\0\"");
    let _ = site.store.update(&key, &sign_in(&nobody)).await.unwrap();
    assert_eq!(site.store.list(&nobody).await.unwrap()[0].key, key);
}

#[tokio::test]
async fn any_field_key_and_a_long_principal() {
    let Some(site) = Site::new().await else { return };
    let long = Principal::new("user", format!("\"{}\"", "long ".repeat(4_000)));
    let mut expected = record_of(&long);
    let key = site.create(&expected).await;
    for field in
        ["", "\"", "'", "\\", "a b", "{a}", "{}", "NULL", "null", ",", "$1", "\u{1f980}", "\n"]
    {
        for op in [
            FieldOp::Set("1".into()),
            FieldOp::Add { delta: 1, min: 0, max: 9, start: 0 },
            FieldOp::Replace { old: Some("2".into()), new: Some("[]".into()) },
            FieldOp::Remove,
            FieldOp::Replace { old: None, new: Some("{}".into()) },
        ] {
            let patch = patch(field, op);
            let _ = patch.apply(&mut expected);
            assert_eq!(site.store.update(&key, &patch).await.unwrap(), Updated::Applied, "{field}");
            assert_eq!(site.store.load(&key).await.unwrap(), Loaded::Live(expected.clone()));
        }
    }
    assert_eq!(site.store.list(&long).await.unwrap()[0].record, expected);
    assert_eq!(site.store.delete_all(&long, None).await.unwrap(), 1);
}

/// The server's clock decides, to the millisecond.
#[tokio::test]
async fn expiry_is_exact() {
    let Some(site) = Site::new().await else { return };
    let clock = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let server = async || u64::try_from(site.number(clock).await).unwrap();
    let mut seen = [0, 0];
    for _ in 0..5 {
        let end = server().await + 60;
        let record = Record { expires_at: Timestamp::from_millis(end), ..record(&[]) };
        let key = site.create(&record).await;
        loop {
            let before = server().await;
            let live = site.is_live(&key).await;
            let after = server().await;
            if after < end {
                assert!(live, "{before}..{after}, {end}");
                seen[0] += 1;
            }
            if before >= end {
                assert!(!live, "{before}..{after}, {end}");
                seen[1] += 1;
                break;
            }
        }
    }
    assert!(seen[0] > 5 && seen[1] == 5, "{seen:?}");
}

#[tokio::test]
async fn a_tombstone_is_a_row_for_its_time() {
    let Some(site) = Site::with(|it| it.tombstone_time(Duration::from_millis(150))).await else {
        return;
    };
    let (one, two) = (site.create(&record(&[("a", "1")])).await, key());
    let renamed = site.store.rename(&one, &two, &Patch::empty()).await.unwrap();
    assert_eq!(renamed, Updated::Applied);
    assert_eq!(site.number("SELECT count(*) FROM {table} WHERE fields IS NULL").await, 1);
    site.store.delete(&two).await.unwrap();
    assert_eq!(site.number("SELECT count(*) FROM {table} WHERE fields IS NULL").await, 2);
    assert_eq!(site.store.load(&one).await.unwrap(), Loaded::Gone);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(site.store.load(&one).await.unwrap(), Loaded::Absent);
    assert_eq!(site.store.load(&two).await.unwrap(), Loaded::Absent);
}

#[tokio::test]
async fn sweeps_in_batches_and_waits_for_nobody() {
    let Some(site) = Site::new().await else { return };
    let long_ago = Timestamp::from_millis(now().as_millis() - 2 * 3_600_000);
    for _ in 0..2_500 {
        site.create(&Record { expires_at: long_ago, ..record(&[]) }).await;
    }
    let live = site.create(&record(&[])).await;
    // This session has expired, but its hour has not passed, except at a full hour.
    let soon = Timestamp::from_millis(now().as_millis() - 1);
    site.create(&Record { expires_at: soon, ..record(&[]) }).await;
    // Another transaction locks ten of the rows.
    let mut busy = site.pool.begin().await.unwrap();
    let lock = format!(r#"SELECT 1 FROM "{}" ORDER BY key LIMIT 10 FOR UPDATE"#, site.table);
    sqlx::query(sqlx::AssertSqlSafe(lock)).fetch_all(&mut *busy).await.unwrap();
    assert_eq!(site.store.sweep(7).await.unwrap(), 7);
    assert_eq!(site.store.sweep(1_500).await.unwrap(), 1_500);
    let rest = site.store.sweep(usize::MAX).await.unwrap();
    assert!((983..=984).contains(&rest), "{rest}");
    busy.rollback().await.unwrap();
    assert_eq!(site.store.sweep(usize::MAX).await.unwrap(), 10);
    assert!(site.is_live(&live).await);
}

/// A refused patch changes nothing in the row but the column `refused`.
#[tokio::test]
async fn a_refusal_leaves_the_expiry() {
    let Some(site) = Site::new().await else { return };
    let expected = record(&[("a", "1")]);
    let key = site.create(&expected).await;
    let refused = Patch {
        expiry: ExpiryOp::Extend(expected.expires_at + HOUR),
        ..patch("a", FieldOp::Replace { old: None, new: None })
    };
    let answer = site.store.update(&key, &refused).await.unwrap();
    assert_eq!(answer, Updated::Conflict(expected.clone()));
    assert_eq!(site.number("SELECT count(*) FROM {table} WHERE refused").await, 1);
    assert_eq!(site.store.load(&key).await.unwrap(), Loaded::Live(expected));
    let _ = site.store.update(&key, &Patch::empty()).await.unwrap();
    assert_eq!(site.number("SELECT count(*) FROM {table} WHERE refused").await, 0);
}
