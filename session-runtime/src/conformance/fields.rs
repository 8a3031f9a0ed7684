//! The four operations on a field, and that a patch is applied completely or not at all.

use super::suite::{Suite, rules};
use super::trial::{Outcome, Trial, add, expect, patch, replace, set};
use crate::patch::{FieldOp, Patch};
use crate::store::{Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        set_writes_and_remove_removes,
        fields_without_an_op_stay,
        add_adds_exactly,
        add_stops_at_its_bounds,
        add_starts_where_it_says,
        add_needs_a_canonical_integer,
        replace_writes_if_the_old_text_is_there,
        replace_conflicts_if_it_is_not,
        a_patch_of_all_ops_is_applied,
        a_refused_patch_changes_nothing,
        a_patch_may_have_many_fields,
    );
}

async fn set_writes_and_remove_removes<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    for (what, patch) in [
        ("a new field", patch([("b", set("2"))])),
        ("a field that is there", patch([("b", set("\"three\""))])),
        ("a field to the text it holds", patch([("a", set("1"))])),
        ("a field by `Remove`", patch([("a", FieldOp::Remove)])),
        ("a missing field by `Remove`", patch([("a", FieldOp::Remove)])),
        ("the last field by `Remove`", patch([("b", FieldOp::Remove)])),
        ("a record without fields", patch([("c", set("null"))])),
    ] {
        t.applied(what, &key, &mut record, &patch).await?;
    }
    Ok(())
}

async fn fields_without_an_op_stay<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1"), ("other", "{\"x\":[1.50]}"), ("z", "3")]).await?;
    t.applied("one field", &key, &mut record, &patch([("a", add(1))])).await?;
    t.applied("one field", &key, &mut record, &patch([("a", FieldOp::Remove)])).await
}

async fn add_adds_exactly<S: Store>(t: Trial<S>) -> Outcome {
    for (held, delta, sum) in [
        ("0", 1, "1"),
        ("1", -1, "0"),
        ("-7", 7, "0"),
        ("-7", -5, "-12"),
        ("5", 0, "5"),
        // Beyond what a double can hold.
        ("9007199254740993", 1, "9007199254740994"),
        ("-9007199254740993", -2, "-9007199254740995"),
        ("9223372036854775806", 1, "9223372036854775807"),
        ("9223372036854775807", -1, "9223372036854775806"),
        ("-9223372036854775807", -1, "-9223372036854775808"),
        ("-9223372036854775808", i64::MAX, "-1"),
        ("9223372036854775807", i64::MIN, "-1"),
    ] {
        let (key, _) = t.live(&[("n", held)]).await?;
        let what = format!("{held} by {delta}");
        t.expect_update(&what, &key, &patch([("n", add(delta))]), Updated::Applied).await?;
        expect(&format!("sum of {what}"), t.field(&key, "n").await?, Some(sum.to_owned()))?;
    }
    Ok(())
}

async fn add_stops_at_its_bounds<S: Store>(t: Trial<S>) -> Outcome {
    for (held, delta, min, max, sum) in [
        ("250", 10, 0, 255, "255"),
        ("3", -10, 0, 255, "0"),
        ("-120", -10, -128, 127, "-128"),
        ("254", 1, 0, 255, "255"),
        ("255", 0, 0, 255, "255"),
        ("9223372036854775807", 1, 0, i64::MAX, "9223372036854775807"),
        ("9223372036854775806", i64::MAX, i64::MIN, i64::MAX, "9223372036854775807"),
        ("-9223372036854775808", -1, i64::MIN, i64::MAX, "-9223372036854775808"),
        ("-2", i64::MIN, i64::MIN, i64::MAX, "-9223372036854775808"),
        // A value that a wider type has stored is clamped to the bounds.
        ("1000", 1, 0, 255, "255"),
        ("1000", -1, 0, 255, "255"),
        ("-5", 0, 0, 255, "0"),
    ] {
        let (key, _) = t.live(&[("n", held)]).await?;
        let op = FieldOp::Add { delta, min, max, start: 0 };
        let what = format!("{held} by {delta} within {min}..={max}");
        t.expect_update(&what, &key, &patch([("n", op)]), Updated::Applied).await?;
        expect(&format!("sum of {what}"), t.field(&key, "n").await?, Some(sum.to_owned()))?;
    }
    Ok(())
}

async fn add_starts_where_it_says<S: Store>(t: Trial<S>) -> Outcome {
    for (delta, start, max, sum) in [
        (1, 0, i64::MAX, "1"),
        (-3, 10, i64::MAX, "7"),
        (0, 10, i64::MAX, "10"),
        (1, i64::MAX, i64::MAX, "9223372036854775807"),
        (10, 250, 255, "255"),
    ] {
        let (key, _) = t.live(&[]).await?;
        let op = FieldOp::Add { delta, min: i64::MIN, max, start };
        let what = format!("an absent field by {delta} from {start}");
        t.expect_update(&what, &key, &patch([("n", op)]), Updated::Applied).await?;
        expect(&format!("sum of {what}"), t.field(&key, "n").await?, Some(sum.to_owned()))?;
    }
    Ok(())
}

async fn add_needs_a_canonical_integer<S: Store>(t: Trial<S>) -> Outcome {
    for held in [
        "1.0",
        "1e3",
        "01",
        "00",
        "-0",
        "-01",
        "+1",
        " 1",
        "1 ",
        "-",
        "1_000",
        "0x10",
        "\"1\"",
        "null",
        "true",
        "[1]",
        "{}",
        "9223372036854775808",
        "-9223372036854775809",
        "100000000000000000000000",
    ] {
        let (key, record) = t.live(&[("a", "1"), ("n", held)]).await?;
        let patch = patch([("a", set("2")), ("n", add(1))]);
        let what = format!("a field that holds {held} by 1");
        t.expect_update(&what, &key, &patch, Updated::Mismatch("n".into())).await?;
        t.expect_live(&format!("the record after update of {what}"), &key, &record).await?;
    }
    Ok(())
}

async fn replace_writes_if_the_old_text_is_there<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[]).await?;
    for (old, new) in [
        (None, None),
        (None, Some("[1]")),
        (Some("[1]"), Some("[1,2]")),
        (Some("[1,2]"), Some("[1,2]")),
        (Some("[1,2]"), Some("null")),
        (Some("null"), None),
        (None, Some("\"\"")),
        (Some("\"\""), None),
    ] {
        let what = format!("a field from {old:?} to {new:?}");
        t.applied(&what, &key, &mut record, &patch([("list", replace(old, new))])).await?;
    }
    Ok(())
}

async fn replace_conflicts_if_it_is_not<S: Store>(t: Trial<S>) -> Outcome {
    for (held, old) in [
        (Some("[1]"), Some("[2]")),
        (Some("[1]"), None),
        (None, Some("[1]")),
        (None, Some("null")),
        (Some("null"), None),
        // Equal as JSON, but another text.
        (Some("[1, 2]"), Some("[1,2]")),
        (Some("1.0"), Some("1")),
        (Some("\"a\""), Some("\"A\"")),
        (Some("\"a\""), Some("\"\\u0061\"")),
    ] {
        for new in [Some("[3]"), None, held] {
            let fields: Vec<_> = held.map(|text| ("list", text)).into_iter().collect();
            let (key, record) = t.live(&fields).await?;
            let patch = patch([("list", replace(old, new))]);
            let what = format!("a field that holds {held:?} from {old:?} to {new:?}");
            t.expect_update(&what, &key, &patch, Updated::Conflict(record.clone())).await?;
            t.expect_live(&format!("the record after update of {what}"), &key, &record).await?;
        }
    }
    Ok(())
}

async fn a_patch_of_all_ops_is_applied<S: Store>(t: Trial<S>) -> Outcome {
    let fields = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5")];
    let (key, mut record) = t.live(&fields).await?;
    let patch = patch([
        ("a", set("\"x\"")),
        ("b", FieldOp::Remove),
        ("c", add(-4)),
        ("d", replace(Some("4"), Some("[]"))),
        ("f", add(6)),
        ("g", replace(None, Some("{}"))),
    ]);
    t.applied("a record by all ops", &key, &mut record, &patch).await
}

async fn a_refused_patch_changes_nothing<S: Store>(t: Trial<S>) -> Outcome {
    let held = [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("t", "true")];
    let (key, record) = t.live(&held).await?;
    let fine = || {
        patch([
            ("a", set("9")),
            ("b", FieldOp::Remove),
            ("c", add(9)),
            ("d", replace(Some("4"), Some("9"))),
            ("n", set("9")),
        ])
    };
    let later = crate::patch::ExpiryOp::Extend(record.expires_at + super::trial::MOMENT);
    let somebody = super::trial::sign_in(&super::trial::principal()).principal;
    for (op, answer) in [
        (replace(Some("false"), None), Updated::Conflict(record.clone())),
        (replace(None, Some("9")), Updated::Conflict(record.clone())),
        (add(1), Updated::Mismatch("t".into())),
    ] {
        // The refused op comes first, in the middle, and last.
        for position in [0, 3, 5] {
            let mut fields = fine().fields;
            fields.insert(position, ("t".into(), op.clone()));
            let patch = Patch { fields, principal: somebody.clone(), expiry: later.clone() };
            let what = format!("a record by a patch whose op {position} is refused");
            t.expect_update(&what, &key, &patch, answer.clone()).await?;
            t.expect_live("the record after a refused patch", &key, &record).await?;
        }
    }
    Ok(())
}

async fn a_patch_may_have_many_fields<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    let many = (0..500).map(|n| (format!("field_{n}").into(), set(&n.to_string()))).collect();
    let patch = Patch { fields: many, ..Patch::empty() };
    t.applied("500 fields", &key, &mut record, &patch).await?;
    let many = (0..500).map(|n| (format!("field_{n}").into(), add(1))).collect();
    t.applied("500 fields", &key, &mut record, &Patch { fields: many, ..Patch::empty() }).await
}
