//! Records and patches as parameters of statements, and rows as records.

use std::collections::BTreeMap;

use crate::record::SharedStr;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row};

use crate::clock::{Timestamp, whole_millis};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::{Fields, Lifetime, Principal, Record};

/// The fields of a patch, grouped by operation.
#[derive(Default)]
pub(super) struct Ops<'a> {
    pub(super) set: BTreeMap<&'a str, &'a str>,
    pub(super) removed: Vec<&'a str>,
    pub(super) expected: BTreeMap<&'a str, &'a str>,
    pub(super) absent: Vec<&'a str>,
    pub(super) added: Vec<&'a str>,
    pub(super) deltas: Vec<i64>,
    pub(super) low: Vec<i64>,
    pub(super) high: Vec<i64>,
    pub(super) starts: Vec<i64>,
}

impl<'a> Ops<'a> {
    pub(super) fn of(patch: &'a Patch) -> Self {
        let mut ops = Self::default();
        for (key, op) in &patch.fields {
            match op {
                FieldOp::Set(text) => ops.write(key, Some(text)),
                FieldOp::Remove => ops.write(key, None),
                FieldOp::Replace { old, new } => {
                    match old {
                        Some(old) => drop(ops.expected.insert(key, old)),
                        None => ops.absent.push(key),
                    }
                    ops.write(key, new.as_deref());
                }
                FieldOp::Add { delta, min, max, start } => {
                    ops.added.push(key);
                    ops.deltas.push(*delta);
                    ops.low.push(*min);
                    ops.high.push(*max);
                    ops.starts.push(*start);
                }
            }
        }
        ops
    }

    fn write(&mut self, key: &'a str, text: Option<&'a str>) {
        match text {
            Some(text) => drop(self.set.insert(key, text)),
            None => self.removed.push(key),
        }
    }
}

/// The change of the expiry, as parameters.
#[derive(Default)]
pub(super) struct Expiry {
    pub(super) until: Option<i64>,
    pub(super) deadline: Option<i64>,
    pub(super) idle: Option<i64>,
    pub(super) persistent: Option<bool>,
}

impl From<&ExpiryOp> for Expiry {
    fn from(op: &ExpiryOp) -> Self {
        match *op {
            ExpiryOp::Keep => Self::default(),
            ExpiryOp::Extend(until) => Self { until: Some(millis(until)), ..Self::default() },
            ExpiryOp::SetLifetime { lifetime, expires_at, deadline } => Self {
                until: Some(millis(expires_at)),
                deadline: Some(millis(deadline)),
                idle: Some(idle(lifetime)),
                persistent: Some(lifetime.persistent),
            },
        }
    }
}

/// Whether the principal changes, and the new value of its column.
pub(super) fn principal_op(op: &PrincipalOp) -> (bool, Option<String>) {
    match op {
        PrincipalOp::Keep => (false, None),
        PrincipalOp::Clear => (true, None),
        PrincipalOp::Set(principal) => (true, Some(principal_column(principal))),
    }
}

/// A principal as one column: a JSON array, so that two different ones never give the same text.
pub(super) fn principal_column(principal: &Principal) -> String {
    serde_json::json!([principal.key(), principal.value()]).to_string()
}

/// A JSON object that holds the text of each field as a string.
///
/// PostgreSQL keeps strings as they are but refuses U+0000 in them. A field's text is JSON, which
/// can contain that character only as an escape. Within the string, the escape is six ordinary
/// characters.
pub(super) fn texts(fields: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(fields).map_err(StoreError::backend)
}

/// Reads a record from the columns that begin at `start`; `None` for a tombstone.
pub(super) fn record(row: &PgRow, start: usize) -> Result<Option<Record>, StoreError> {
    let Some(fields) = get::<Option<&str>>(row, start)? else {
        return Ok(None);
    };
    let fields: Fields = serde_json::from_str(fields).map_err(StoreError::backend)?;
    let time = |column: usize| {
        let millis: i64 = get(row, start + column)?;
        u64::try_from(millis).map_err(StoreError::backend)
    };
    let persistent = get(row, start + 5)?;
    let principal: Option<&str> = get(row, start + 6)?;
    let principal = principal.map(serde_json::from_str::<(SharedStr, SharedStr)>);
    let principal = principal.transpose().map_err(StoreError::backend)?;
    Ok(Some(Record {
        fields,
        created_at: Timestamp::from_millis(time(1)?),
        expires_at: Timestamp::from_millis(time(2)?),
        deadline: Timestamp::from_millis(time(3)?),
        lifetime: Lifetime { idle: std::time::Duration::from_millis(time(4)?), persistent },
        principal: principal.map(|(key, value)| Principal::new(key, value)),
    }))
}

/// Reads a key.
pub(super) fn key(row: &PgRow, column: usize) -> Result<StoreKey, StoreError> {
    to_key(get(row, column)?)
}

/// Reads where `delete` follows a session that was renamed.
pub(super) fn moved_to(row: &PgRow, column: usize) -> Result<Option<StoreKey>, StoreError> {
    get::<Option<_>>(row, column)?.map(to_key).transpose()
}

fn to_key(bytes: Vec<u8>) -> Result<StoreKey, StoreError> {
    let bytes = bytes.try_into().map_err(|_| {
        StoreError::backend("a session is stored under a key that is not 16 bytes long")
    })?;
    Ok(StoreKey::from_bytes(bytes))
}

/// Reads one column.
pub(super) fn get<'r, T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(StoreError::backend)
}

/// A time as the server's signed integer. Times beyond its range never come.
pub(super) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn idle(lifetime: Lifetime) -> i64 {
    duration(lifetime.idle)
}

pub(super) fn duration(time: std::time::Duration) -> i64 {
    i64::try_from(whole_millis(time)).unwrap_or(i64::MAX)
}
