//! Calls `update_many.lua`, the script that updates many sessions.

use redis::{ErrorKind, RedisResult, Value};

use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::SharedStr;
use crate::store::redis::answer;
use crate::store::redis::script::{Script, ScriptCall, script};

static UPDATE_MANY: Script = script!("update_many.lua");

/// An update of one field, which the script can do. Nearly all updates are.
pub(super) enum BatchedOp {
    Add { field: SharedStr, delta: i64, min: i64, max: i64 },
    Set { field: SharedStr, text: SharedStr },
    Replace { field: SharedStr, old: SharedStr, new: SharedStr },
}

/// The script adds with Lua's numbers, which are exact below 2^53.
const MAX_DELTA: u64 = 1 << 52;
/// Longer texts, in bytes, gain nothing in a batch, and would delay the other updates.
const MAX_TEXT: usize = 4_096;

impl BatchedOp {
    /// The change that a patch makes. `None` if the patch does anything else.
    pub(super) fn of(patch: &Patch) -> Option<Self> {
        let (ExpiryOp::Keep, PrincipalOp::Keep, [(field, op)]) =
            (&patch.expiry, &patch.principal, &*patch.fields)
        else {
            return None;
        };
        let field = field.clone();
        match op {
            FieldOp::Set(text) if text.len() <= MAX_TEXT => {
                Some(Self::Set { field, text: text.clone() })
            }
            FieldOp::Replace { old: Some(old), new: Some(new) }
                if old.len() + new.len() <= MAX_TEXT =>
            {
                Some(Self::Replace { field, old: old.clone(), new: new.clone() })
            }
            FieldOp::Add { delta, min, max, start: 0 }
                if (min..=max).contains(&delta) && delta.unsigned_abs() < MAX_DELTA =>
            {
                Some(Self::Add { field, delta: *delta, min: *min, max: *max })
            }
            _ => None,
        }
    }
}

/// One change for each session. `names` are the sessions' keys in Redis.
pub(super) fn call<'a>(
    names: &[&[u8]],
    changes: impl Iterator<Item = &'a BatchedOp>,
) -> ScriptCall {
    changes.fold(ScriptCall::new(&UPDATE_MANY, names), |call, change| match change {
        BatchedOp::Add { field, delta, min, max } => {
            call.arg("A").arg(&**field).arg(*delta).arg(*min).arg(*max)
        }
        BatchedOp::Set { field, text } => call.arg("S").arg(&**field).arg(&**text),
        BatchedOp::Replace { field, old, new } => {
            call.arg("C").arg(&**field).arg(&**old).arg(&**new)
        }
    })
}

/// Reads the script's answer: which of `count` changes are applied.
pub(super) fn applied(answer: Value, count: usize) -> RedisResult<impl Iterator<Item = bool>> {
    match answer {
        Value::BulkString(letters)
            if letters.len() == count && letters.iter().all(|letter| b"A?".contains(letter)) =>
        {
            Ok(letters.into_iter().map(|letter| letter == b'A'))
        }
        Value::ServerError(error) => Err(error.into()),
        _ => Err((ErrorKind::UnexpectedReturnType, answer::UNEXPECTED).into()),
    }
}
