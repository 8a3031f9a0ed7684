//! A store keeps every text exactly.

use super::suite::{Suite, rules};
use super::trial::{Outcome, Trial, expect, key, patch, replace, set};
use crate::patch::Patch;
use crate::store::{Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        texts_are_kept_exactly,
        field_keys_are_kept_exactly,
        companions_of_fields_are_kept,
        long_texts_are_kept,
    );
}

/// Texts that a store would change or refuse if it parsed JSON or did not escape texts.
const TEXTS: [&str; 22] = [
    "1e300",
    "-0.0",
    "-0",
    "1.0",
    "1E5",
    "123456789012345678901234567890",
    "0.1000000000000000055511151231257827",
    r#""\u0000""#,
    r#""\ud800""#,
    r#""\u0041\/""#,
    "\"naïve 漢字 🦀 \u{202e}\u{feff}\"",
    "\"\u{7f}\u{80}\"",
    r#"{"b":1,"a":2,"b":3}"#,
    "[ 1 ,\t2\n]",
    "null",
    "\"\"",
    "{}",
    r#""'; DROP TABLE sessions; --""#,
    r#""$set %s %00 ?1 {{x}} \\ \" `""#,
    r#""1""#,
    "true",
    r#""line\r\nbreak""#,
];

async fn texts_are_kept_exactly<S: Store>(t: Trial<S>) -> Outcome {
    for text in TEXTS {
        // The text goes through create, each operation with a text, and rename.
        let (from, mut record) = t.live(&[("a", text)]).await?;
        t.expect_live(&format!("a record with {text}"), &from, &record).await?;
        t.applied(&format!("a field to {text}"), &from, &mut record, &patch([("b", set(text))]))
            .await?;
        let replaced = patch([("a", replace(Some(text), None)), ("c", replace(None, Some(text)))]);
        t.applied(&format!("a field that holds {text}"), &from, &mut record, &replaced).await?;
        let to = key();
        let renamed = t.store.rename(&from, &to, &Patch::empty()).await?;
        expect(&format!("rename of a record with {text}"), renamed, Updated::Applied)?;
        t.expect_live(&format!("a renamed record with {text}"), &to, &record).await?;
    }
    Ok(())
}

async fn field_keys_are_kept_exactly<S: Store>(t: Trial<S>) -> Outcome {
    // Some are special to a server, and some are the names of columns.
    let keys = [
        "csrf.token",
        "csrf",
        "a:b",
        "a-b",
        "a_b",
        "A_B",
        "a.b.c",
        "key",
        "_id",
        "fields",
        "created_at",
        "expires_at",
        "deadline",
        "lifetime",
        "principal",
        "record",
        "idle_ms",
        "persistent",
        "schlüssel",
    ];
    let fields = keys.map(|key| (key, "1"));
    let (key, mut record) = t.live(&fields).await?;
    t.expect_live("a record with such keys", &key, &record).await?;
    for field in keys {
        let add = patch([(field, super::trial::add(1))]);
        t.applied(&format!("the field `{field}`"), &key, &mut record, &add).await?;
        let swap = patch([(field, replace(Some("2"), Some("\"x\"")))]);
        t.applied(&format!("the field `{field}`"), &key, &mut record, &swap).await?;
    }
    for field in keys {
        let remove = patch([(field, crate::patch::FieldOp::Remove)]);
        t.applied(&format!("the field `{field}`"), &key, &mut record, &remove).await?;
    }
    Ok(())
}

/// The expiry of a field is another field, whose key ends in `@expires`.
///
/// A key of the schema has up to 64 characters, so such a key has up to 72.
async fn companions_of_fields_are_kept<S: Store>(t: Trial<S>) -> Outcome {
    let long = "k".repeat(64);
    for field in ["code", "a.b", "n\u{e4}he", &long] {
        let companion = format!("{field}@expires");
        let (from, mut record) = t.live(&[(field, "1"), (&companion, "1700000000000")]).await?;
        t.expect_live(&format!("a record with `{companion}`"), &from, &record).await?;
        let later = replace(Some("1700000000000"), Some("1700000900000"));
        let both = patch([(field, super::trial::add(1)), (&companion, later)]);
        t.applied(&format!("a field next to `{companion}`"), &from, &mut record, &both).await?;
        let stale = patch([(field, set("3")), (&companion, replace(None, Some("1")))]);
        let conflict = Updated::Conflict(record.clone());
        t.expect_update(&format!("`{companion}`"), &from, &stale, conflict).await?;
        let to = key();
        let renamed = t.store.rename(&from, &to, &Patch::empty()).await?;
        expect(&format!("rename of a record with `{companion}`"), renamed, Updated::Applied)?;
        let remove = patch([(&companion, crate::patch::FieldOp::Remove)]);
        t.applied(&format!("a field without `{companion}`"), &to, &mut record, &remove).await?;
    }
    Ok(())
}

async fn long_texts_are_kept<S: Store>(t: Trial<S>) -> Outcome {
    let long = format!("\"{}\"", "long ".repeat(20_000));
    let longer = format!("\"{}\"", "é".repeat(50_001));
    let (key, mut record) = t.live(&[("a", &long), ("n", "1")]).await?;
    t.expect_live("a record with a text of 100 kB", &key, &record).await?;
    let add = patch([("n", super::trial::add(1))]);
    t.applied("a counter next to it", &key, &mut record, &add).await?;
    let swap = patch([("a", replace(Some(&long), Some(&longer)))]);
    t.applied("a text of 100 kB", &key, &mut record, &swap).await?;
    let stale = patch([("a", replace(Some(&long), None))]);
    t.expect_update("a text of 100 kB", &key, &stale, Updated::Conflict(record.clone())).await
}
