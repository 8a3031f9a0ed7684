//! What comes back, read into the store's answers.

use redis::{ErrorKind, RedisResult, Value};
use smol_str::SmolStr;

use super::layout;
#[cfg(feature = "redis-cluster")]
use crate::id::StoreKey;
use crate::record::{Fields, Record};
use crate::store::{Created, Loaded, StoreError, Updated};

/// Reads the hash of a session.
pub(crate) fn loaded(hash: Value) -> Result<Loaded, StoreError> {
    session(pairs(hash)?)
}

fn session(pairs: impl Iterator<Item = Result<Pair, StoreError>>) -> Result<Loaded, StoreError> {
    let (mut fields, mut meta, mut principal) = (Fields::default(), None, None);
    for pair in pairs {
        let (key, text) = pair?;
        match key.as_slice() {
            layout::GONE => return Ok(Loaded::Gone),
            layout::META => meta = Some(text),
            layout::PRINCIPAL => principal = Some(text),
            _ => fields.set(shared(&key)?, shared(&text)?),
        }
    }
    let Some(mut meta) = meta else {
        // Redis removes a hash with its last field, so one that is empty is none.
        return if fields.is_empty() { Ok(Loaded::Absent) } else { Err(foreign()) };
    };
    meta.extend(principal.unwrap_or_default());
    let mut record = layout::record(&meta).ok_or_else(foreign)?;
    record.fields = fields;
    Ok(Loaded::Live(record))
}

pub(crate) fn created(answer: &Value) -> Result<Created, StoreError> {
    match answer {
        Value::Int(1) => Ok(Created::Created),
        Value::Int(0) => Ok(Created::Exists),
        _ => Err(unexpected()),
    }
}

pub(crate) fn updated(answer: Value) -> Result<Updated, StoreError> {
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
                    Ok(Updated::Conflict(live(Value::Array(parts.collect()))?))
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

/// Which of `count` updates at once are done.
pub(crate) fn done(answer: Value, count: usize) -> RedisResult<impl Iterator<Item = bool>> {
    match answer {
        Value::BulkString(letters)
            if letters.len() == count && letters.iter().all(|letter| b"A?".contains(letter)) =>
        {
            Ok(letters.into_iter().map(|letter| letter == b'A'))
        }
        Value::ServerError(error) => Err(error.into()),
        _ => Err((ErrorKind::UnexpectedReturnType, UNEXPECTED).into()),
    }
}

/// How many sessions were ended, and how many entries are left.
pub(crate) fn ended(answer: &Value) -> Result<(usize, usize), StoreError> {
    let count = |value: &Value| match value {
        Value::Int(count) => usize::try_from(*count).ok(),
        // Webdis writes the integers of a list as texts.
        Value::BulkString(text) => std::str::from_utf8(text).ok().and_then(|it| it.parse().ok()),
        _ => None,
    };
    let Value::Array(parts) = answer else { return Err(unexpected()) };
    let [ended, left] = parts.as_slice() else { return Err(unexpected()) };
    count(ended).zip(count(left)).ok_or_else(unexpected)
}

/// What became of the first half of a rename.
#[cfg(feature = "redis-cluster")]
pub(crate) enum Taken {
    /// It is marked.
    Moved(Box<Moved>),
    /// Nothing has changed.
    Refused(Updated),
}

#[cfg(feature = "redis-cluster")]
pub(crate) struct Moved {
    /// What to create under the new key.
    pub(crate) record: Record,
    /// Whose the session was.
    pub(crate) left: Vec<u8>,
    /// It was marked before, so that it may have arrived.
    pub(crate) again: bool,
}

#[cfg(feature = "redis-cluster")]
pub(crate) fn taken(answer: Value) -> Result<Taken, StoreError> {
    let is_moved = |parts: &[Value]| match parts {
        [Value::BulkString(letter), ..] => letter == b"T" || letter == b"R",
        _ => false,
    };
    match answer {
        Value::Array(parts) if is_moved(&parts) => match <[Value; 3]>::try_from(parts) {
            Ok([Value::BulkString(letter), Value::BulkString(left), fields]) => {
                let fields = pairs(fields)?.filter(|pair| !is_mark(pair));
                let (record, again) = (live_of(fields)?, letter == b"R");
                Ok(Taken::Moved(Moved { record, left, again }.into()))
            }
            _ => Err(unexpected()),
        },
        answer => updated(answer).map(Taken::Refused),
    }
}

#[cfg(feature = "redis-cluster")]
fn is_mark(pair: &Result<Pair, StoreError>) -> bool {
    matches!(pair, Ok((field, _)) if field == layout::GONE)
}

/// What became of ending one session.
#[cfg(feature = "redis-cluster")]
pub(crate) enum Ended {
    Now,
    /// None is there.
    Nothing,
    /// It is not the principal's.
    Other,
    /// It has another key now.
    Moved(StoreKey),
}

#[cfg(feature = "redis-cluster")]
pub(crate) fn end(answer: Value) -> Result<Ended, StoreError> {
    match answer {
        Value::Int(0) => Ok(Ended::Nothing),
        Value::Int(1) => Ok(Ended::Now),
        Value::Int(2) => Ok(Ended::Other),
        Value::BulkString(id) => string(id)?.parse().map(Ended::Moved).map_err(|_| foreign()),
        _ => Err(unexpected()),
    }
}

/// What became of deleting one session.
#[cfg(feature = "redis-cluster")]
pub(crate) enum Deleted {
    /// It has ended; whose it was.
    From(Vec<u8>),
    /// It was nobody's, or there was none.
    Now,
    /// It has another key now.
    Moved(StoreKey),
}

#[cfg(feature = "redis-cluster")]
pub(crate) fn deleted(answer: Value) -> Result<Deleted, StoreError> {
    match answer {
        Value::BulkString(who) if who.is_empty() => Ok(Deleted::Now),
        Value::BulkString(who) => Ok(Deleted::From(who)),
        Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
            Ok([_, Value::BulkString(id)]) => {
                string(id)?.parse().map(Deleted::Moved).map_err(|_| foreign())
            }
            _ => Err(unexpected()),
        },
        _ => Err(unexpected()),
    }
}

/// The ids of an index.
pub(crate) fn ids(answer: Value) -> Result<Vec<String>, StoreError> {
    let Value::Array(ids) = answer else { return Err(unexpected()) };
    let id = |value| match value {
        Value::BulkString(bytes) => string(bytes),
        _ => Err(unexpected()),
    };
    ids.into_iter().map(id).collect()
}

fn live(hash: Value) -> Result<Record, StoreError> {
    live_of(pairs(hash)?)
}

fn live_of(pairs: impl Iterator<Item = Result<Pair, StoreError>>) -> Result<Record, StoreError> {
    match session(pairs)? {
        Loaded::Live(record) => Ok(record),
        Loaded::Gone | Loaded::Absent => Err(unexpected()),
    }
}

/// The name of a hash field and what it holds.
type Pair = (Vec<u8>, Vec<u8>);

/// Fields and texts: a map since RESP3, in turn before and in answers of scripts.
fn pairs(hash: Value) -> Result<impl Iterator<Item = Result<Pair, StoreError>>, StoreError> {
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

fn shared(bytes: &[u8]) -> Result<SmolStr, StoreError> {
    SmolStr::from_utf8(bytes).map_err(|_| foreign())
}

fn string(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| foreign())
}

const UNEXPECTED: &str = "the server's answer is not what the script gives";

pub(crate) fn in_use() -> StoreError {
    StoreError::backend("the session cannot be renamed to a key in use")
}

fn foreign() -> StoreError {
    StoreError::backend("a key with this prefix was not written by this store")
}

pub(crate) fn unexpected() -> StoreError {
    StoreError::backend(UNEXPECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_an_error_and_no_panic() {
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
            assert!(ended(&hash).is_err());
            assert!(updated(Value::Array(vec![bulk("C"), hash])).is_err());
        }
        assert_eq!(loaded(Value::Map(Vec::new())).unwrap(), Loaded::Absent);
        assert_eq!(loaded(Value::Array(vec![bulk("!"), bulk("")])).unwrap(), Loaded::Gone);
    }
}
