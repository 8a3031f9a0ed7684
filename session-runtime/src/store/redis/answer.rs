//! Reads the answers of scripts and of `HGETALL`.

use redis::Value;

use crate::record::{Fields, Record, SharedStr};
use crate::store::redis::layout;
use crate::store::{Created, Loaded, StoreError, Updated};

/// The hash of a session, as `HGETALL` answers it.
pub(super) fn loaded(hash: Value) -> Result<Loaded, StoreError> {
    session(pairs(hash)?)
}

fn session(pairs: impl Iterator<Item = Result<Pair, StoreError>>) -> Result<Loaded, StoreError> {
    let (mut fields, mut meta, mut principal) = (Fields::default(), None, None);
    for pair in pairs {
        let (key, text) = pair?;
        match key.as_slice() {
            layout::TOMBSTONE => return Ok(Loaded::Gone),
            layout::META => meta = Some(text),
            layout::PRINCIPAL => principal = Some(text),
            _ => fields.set(shared(&key)?, shared(&text)?),
        }
    }
    let Some(mut meta) = meta else {
        // Redis deletes a hash with its last field. So an empty hash means that there is none.
        return if fields.is_empty() { Ok(Loaded::Absent) } else { Err(foreign()) };
    };
    meta.extend(principal.unwrap_or_default());
    let mut record = layout::read_meta(&meta).ok_or_else(foreign)?;
    record.fields = fields;
    Ok(Loaded::Live(record))
}

/// The answer of `create.lua`.
pub(super) fn created(answer: &Value) -> Result<Created, StoreError> {
    match answer {
        Value::Int(1) => Ok(Created::Created),
        Value::Int(0) => Ok(Created::Exists),
        _ => Err(unexpected()),
    }
}

/// The answer of `update.lua` or `rename.lua`.
pub(super) fn updated(answer: Value) -> Result<Updated, StoreError> {
    match answer {
        Value::BulkString(letter) => match letter.as_slice() {
            b"A" => Ok(Updated::Applied),
            b"G" => Ok(Updated::Gone),
            b"X" => Err(in_use()),
            _ => Err(unexpected()),
        },
        Value::Array(parts) => {
            let mut parts = parts.into_iter();
            match (parts.next(), parts.len()) {
                (Some(Value::BulkString(letter)), _) if letter == b"C" => {
                    let record = live(pairs(Value::Array(parts.collect()))?)?;
                    Ok(Updated::Conflict(record))
                }
                (Some(Value::BulkString(letter)), 1) if letter == b"M" => match parts.next() {
                    Some(Value::BulkString(field)) => Ok(Updated::Mismatch(string(field)?.into())),
                    _ => Err(unexpected()),
                },
                _ => Err(unexpected()),
            }
        }
        _ => Err(unexpected()),
    }
}

/// The answer of `delete_all.lua`: how many sessions it deleted, and how many entries are left.
pub(super) fn deleted_and_left(answer: &Value) -> Result<(usize, usize), StoreError> {
    let count = |value: &Value| match value {
        Value::Int(count) => usize::try_from(*count).ok(),
        // Webdis writes the integers in a list as text.
        Value::BulkString(text) => std::str::from_utf8(text).ok().and_then(|it| it.parse().ok()),
        _ => None,
    };
    let Value::Array(parts) = answer else { return Err(unexpected()) };
    let [deleted, left] = parts.as_slice() else { return Err(unexpected()) };
    count(deleted).zip(count(left)).ok_or_else(unexpected)
}

/// A list of texts, such as the ids of an index.
pub(super) fn texts(answer: Value) -> Result<Vec<String>, StoreError> {
    let Value::Array(texts) = answer else { return Err(unexpected()) };
    let text = |value| match value {
        Value::BulkString(bytes) => string(bytes),
        _ => Err(unexpected()),
    };
    texts.into_iter().map(text).collect()
}

/// A session that must be live.
pub(super) fn live(
    pairs: impl Iterator<Item = Result<Pair, StoreError>>,
) -> Result<Record, StoreError> {
    match session(pairs)? {
        Loaded::Live(record) => Ok(record),
        Loaded::Gone | Loaded::Absent => Err(unexpected()),
    }
}

/// The name of a hash field and its text.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// The fields of a hash. RESP3 has a map for them. In RESP2 and in answers of scripts they are a
/// list of names and texts in turn.
pub(super) fn pairs(
    hash: Value,
) -> Result<impl Iterator<Item = Result<Pair, StoreError>>, StoreError> {
    let (map, items) = match hash {
        Value::Map(pairs) => (pairs, Vec::new()),
        Value::Array(items) if items.len() % 2 == 0 => (Vec::new(), items),
        _ => return Err(unexpected()),
    };
    let mut items = items.into_iter();
    let in_turn = std::iter::from_fn(move || Some((items.next()?, items.next()?)));
    Ok(map.into_iter().chain(in_turn).map(|pair| match pair {
        (Value::BulkString(key), Value::BulkString(text)) => Ok((key, text)),
        _ => Err(unexpected()),
    }))
}

fn shared(bytes: &[u8]) -> Result<SharedStr, StoreError> {
    std::str::from_utf8(bytes).map(SharedStr::from).map_err(|_| foreign())
}

pub(super) fn string(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| foreign())
}

pub(super) fn in_use() -> StoreError {
    StoreError::backend("the session cannot be renamed to a key in use")
}

pub(super) fn foreign() -> StoreError {
    StoreError::backend("a key with this prefix was not written by this store")
}

pub(super) const UNEXPECTED: &str = "the server's answer does not fit the script";

pub(super) fn unexpected() -> StoreError {
    StoreError::backend(UNEXPECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unexpected_answers_are_errors_and_do_not_panic() {
        let bulk = |text: &str| Value::BulkString(text.into());
        for hash in [
            Value::Nil,
            Value::Int(1),
            Value::Array(vec![bulk("a")]),
            Value::Array(vec![bulk("a"), bulk("1")]),
            Value::Array(vec![bulk("@"), bulk("short")]),
            Value::Map(vec![(bulk("a"), Value::Nil)]),
        ] {
            assert!(loaded(hash.clone()).is_err());
            assert!(updated(hash.clone()).is_err());
            assert!(deleted_and_left(&hash).is_err());
            assert!(updated(Value::Array(vec![bulk("C"), hash])).is_err());
        }
        assert_eq!(loaded(Value::Map(Vec::new())).unwrap(), Loaded::Absent);
        assert_eq!(loaded(Value::Array(vec![bulk("!"), bulk("")])).unwrap(), Loaded::Gone);
    }
}
