//! Patches against a model of maps and integers without bounds.

use crate::record::SharedStr;
use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

type Map = BTreeMap<&'static str, String>;

/// An operation in the model's words.
#[derive(Clone, Debug)]
enum Op {
    Set(String),
    Remove,
    Add { delta: i64, min: i64, max: i64, start: i64 },
    Replace { old: Option<String>, new: Option<String> },
}

/// What a patch does to a map, or why it does nothing.
fn model(before: &Map, ops: &BTreeMap<&'static str, Op>) -> Result<Map, Applied> {
    let mut after = before.clone();
    for (&key, op) in ops {
        let held = before.get(key);
        let text = match op {
            Op::Set(text) => Some(text.clone()),
            Op::Remove => None,
            Op::Replace { old, new } if held == old.as_ref() => new.clone(),
            Op::Replace { .. } => return Err(Applied::Conflict),
            Op::Add { delta, min, max, start } => {
                let held = match held {
                    None => i128::from(*start),
                    // An integer is the text that it is written as again, and nothing else.
                    Some(text) => match text.parse::<i64>() {
                        Ok(integer) if integer.to_string() == *text => integer.into(),
                        _ => return Err(Applied::Mismatch(key.into())),
                    },
                };
                let sum = held + i128::from(*delta);
                Some(sum.max((*min).into()).min((*max).into()).to_string())
            }
        };
        match text {
            Some(text) => after.insert(key, text),
            None => after.remove(key),
        };
    }
    Ok(after)
}

/// The time of expiry and the deadline after a change of the expiry.
fn model_expiry(expires_at: u64, deadline: u64, op: &ExpiryOp) -> (u64, u64) {
    match op {
        ExpiryOp::Keep => (expires_at, deadline),
        ExpiryOp::Extend(until) => (until.as_millis().max(expires_at).min(deadline), deadline),
        ExpiryOp::SetLifetime { expires_at, deadline, .. } => {
            (expires_at.as_millis().min(deadline.as_millis()), deadline.as_millis())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_patch_does_what_the_model_does(
        before in prop::collection::btree_map(key(), text(), 0..4),
        ops in prop::collection::btree_map(key(), op(), 0..4),
        (deadline, left) in (0..1_000_u64, 0..1_000_u64),
        expiry in expiry(),
    ) {
        let at = Timestamp::from_millis;
        let lifetime = |idle| Lifetime { idle: Duration::from_millis(idle), persistent: false };
        let expires_at = deadline.saturating_sub(left);
        let mut record = Record {
            fields: before.iter().map(|(key, text)| (*key, text.as_str())).collect(),
            created_at: at(0),
            expires_at: at(expires_at),
            deadline: at(deadline),
            lifetime: lifetime(1),
            principal: None,
        };
        let untouched = record.clone();
        let fields = ops.iter().map(|(key, op)| ((*key).into(), field_op(op))).collect();
        let patch = Patch { fields, expiry, ..Patch::empty() };
        let applied = patch.apply(&mut record);
        match model(&before, &ops) {
            Ok(after) => {
                prop_assert_eq!(applied, Applied::Applied);
                let held: Vec<_> = record.fields.iter().collect();
                let expected: Vec<_> = after.iter().map(|(key, text)| (*key, text.as_str())).collect();
                prop_assert_eq!(held, expected);
                let times = (record.expires_at.as_millis(), record.deadline.as_millis());
                prop_assert_eq!(times, model_expiry(expires_at, deadline, &patch.expiry));
            }
            Err(refusal) => {
                prop_assert_eq!(applied, refusal);
                prop_assert_eq!(record, untouched, "completely or not at all");
            }
        }
    }
}

fn field_op(op: &Op) -> FieldOp {
    let shared = |text: &Option<String>| text.as_deref().map(SharedStr::from);
    match op {
        Op::Set(text) => FieldOp::Set(text.as_str().into()),
        Op::Remove => FieldOp::Remove,
        &Op::Add { delta, min, max, start } => FieldOp::Add { delta, min, max, start },
        Op::Replace { old, new } => FieldOp::Replace { old: shared(old), new: shared(new) },
    }
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "b", "counter"])
}

/// Few texts, so that a `Replace` often finds what it looks for; integers, and what is nearly one.
fn text() -> impl Strategy<Value = String> {
    let fixed = [
        "0",
        "-0",
        "+1",
        "007",
        "1.0",
        "1e3",
        " 1",
        "-",
        "",
        "\"x\"",
        "null",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
    ];
    prop_oneof![
        prop::sample::select(fixed.map(str::to_owned).to_vec()),
        integer().prop_map(|integer| integer.to_string()),
    ]
}

/// Small ones and those at the ends.
fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![-3..=3_i64, i64::MIN..=i64::MIN + 2, i64::MAX - 2..=i64::MAX, any::<i64>()]
}

fn op() -> impl Strategy<Value = Op> {
    let optional = || prop::option::of(text());
    let add =
        (integer(), integer(), integer(), integer()).prop_map(|(delta, one, other, start)| {
            Op::Add { delta, min: one.min(other), max: one.max(other), start }
        });
    prop_oneof![
        text().prop_map(Op::Set),
        Just(Op::Remove),
        add,
        (optional(), optional()).prop_map(|(old, new)| Op::Replace { old, new }),
    ]
}

fn expiry() -> impl Strategy<Value = ExpiryOp> {
    let time = || (0..1_200_u64).prop_map(Timestamp::from_millis);
    let lifetime = Lifetime { idle: Duration::from_millis(2), persistent: true };
    prop_oneof![
        Just(ExpiryOp::Keep),
        time().prop_map(ExpiryOp::Extend),
        (time(), time()).prop_map(move |(expires_at, deadline)| {
            ExpiryOp::SetLifetime { lifetime, expires_at, deadline }
        }),
    ]
}
