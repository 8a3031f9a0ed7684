//! A session as a document.
//!
//! ```text
//! {
//!   key: Binary,             the current key; a tombstone has none
//!   keys: [Binary],          all keys that the session has had, the current one last; unique index
//!   ended: [Date],           until when the first of `keys`, the second, .. is `Gone`
//!   signed_in_as: Binary,    the key that the session got at the last sign-in
//!   expires_at: Date,        also for the TTL index
//!   created_at: Long, deadline: Long, idle_ms: Long, persistent: Boolean,
//!   principal: { key: String, value: String },
//!   fields: { name: Long | String }
//! }
//! ```
//!
//! Former keys remain in the document. So one update of one document both moves a session and
//! leaves a tombstone, and the unique index keeps a former key from being used again.

use std::borrow::Cow;
use std::time::Duration;

use ::mongodb::bson::spec::BinarySubtype;
use ::mongodb::bson::{Binary, Bson, DateTime, Document, doc};

use crate::clock::{Timestamp, whole_millis};
use crate::id::StoreKey;
use crate::patch::parse_integer;
use crate::record::{Lifetime, Principal, Record};
use crate::store::contract::Loaded;

/// Why an operation failed: an error of the driver, or a document that is not a session.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The document of a new session.
pub(super) fn live(key: &StoreKey, record: &Record) -> Document {
    let fields = record.fields.iter();
    let fields: Document =
        fields.map(|(name, text)| (escape(name).into_owned(), value(text))).collect();
    let mut document = doc! {
        "key": binary(key),
        "keys": [binary(key)],
        "expires_at": date(record.expires_at),
        "created_at": millis(record.created_at),
        "fields": fields,
    };
    document.extend(lifetime(&record.lifetime, record.deadline));
    if let Some(principal) = &record.principal {
        document.insert("principal", principal_document(principal));
    }
    document
}

/// The document of a tombstone for an unknown key.
pub(super) fn tombstone(key: &StoreKey, until: Timestamp) -> Document {
    doc! { "keys": [binary(key)], "ended": [date(until)], "expires_at": date(until) }
}

/// The update that turns a live session into a tombstone.
pub(super) fn to_tombstone(until: Timestamp) -> Document {
    doc! {
        "$set": { "expires_at": date(until) },
        "$unset": {
            "key": "", "created_at": "", "deadline": "", "idle_ms": "", "persistent": "",
            "principal": "", "fields": "", "signed_in_as": "",
        },
        "$push": { "ended": date(until) },
    }
}

/// The state of `key`, which is among the keys of the document.
pub(super) fn read(key: &StoreKey, document: &Document, now: Timestamp) -> Result<Loaded, Failure> {
    if current_key(document)? == Some(*key) {
        let record = record(document)?;
        return Ok(if record.is_live(now) { Loaded::Live(record) } else { Loaded::Absent });
    }
    let ended = document.get_array("ended")?;
    let binary = Bson::Binary(binary(key));
    let position = document.get_array("keys")?.iter().position(|it| *it == binary);
    match position.and_then(|position| ended.get(position)) {
        Some(Bson::DateTime(until)) if now < timestamp(until.timestamp_millis()) => {
            Ok(Loaded::Gone)
        }
        _ => Ok(Loaded::Absent),
    }
}

/// Where `delete` follows the session that was renamed from `key`; `None` after a sign-in.
pub(super) fn moved_to(key: &StoreKey, document: &Document) -> Result<Option<StoreKey>, Failure> {
    let keys = document.get_array("keys")?;
    let position = |key: &Bson| keys.iter().position(|it| it == key);
    let signed_in = document.get("signed_in_as").and_then(position);
    match position(&Bson::Binary(binary(key))) < signed_in {
        true => Ok(None),
        false => current_key(document),
    }
}

/// The current key of a session; a tombstone has none.
pub(super) fn current_key(document: &Document) -> Result<Option<StoreKey>, Failure> {
    match document.get("key") {
        None => Ok(None),
        Some(Bson::Binary(binary)) => {
            Ok(Some(StoreKey::from_bytes(binary.bytes.as_slice().try_into()?)))
        }
        Some(_) => Err("the key of a session is not a binary".into()),
    }
}

pub(super) fn record(document: &Document) -> Result<Record, Failure> {
    let fields = document.get_document("fields")?.iter().map(|(name, value)| {
        let text = match value {
            Bson::Int64(number) => number.to_string(),
            Bson::String(text) => text.clone(),
            _ => return Err("a field of a session is neither a long nor a string".into()),
        };
        Ok((unescape(name)?, text))
    });
    let principal = match document.get("principal") {
        None => None,
        Some(_) => {
            let principal = document.get_document("principal")?;
            Some(Principal::new(principal.get_str("key")?, principal.get_str("value")?))
        }
    };
    Ok(Record {
        fields: fields.collect::<Result<Vec<_>, Failure>>()?.into_iter().collect(),
        created_at: timestamp(document.get_i64("created_at")?),
        expires_at: timestamp(document.get_datetime("expires_at")?.timestamp_millis()),
        deadline: timestamp(document.get_i64("deadline")?),
        lifetime: Lifetime {
            idle: Duration::from_millis(u64::try_from(document.get_i64("idle_ms")?)?),
            persistent: document.get_bool("persistent")?,
        },
        principal,
    })
}

pub(super) fn lifetime(lifetime: &Lifetime, deadline: Timestamp) -> Document {
    let idle = i64::try_from(whole_millis(lifetime.idle)).unwrap_or(i64::MAX);
    doc! { "deadline": millis(deadline), "idle_ms": idle, "persistent": lifetime.persistent }
}

pub(super) fn principal_document(principal: &Principal) -> Document {
    doc! { "key": principal.key(), "value": principal.value() }
}

/// A text as it is stored: an integer in canonical form as a long, so that `$inc` works on it. A
/// long never stands for another text.
pub(super) fn value(text: &str) -> Bson {
    match parse_integer(text) {
        Some(number) => Bson::Int64(number),
        None => Bson::String(text.to_owned()),
    }
}

pub(super) fn binary(key: &StoreKey) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: key.as_bytes().to_vec() }
}

/// A time as a date of BSON, which is a signed number. Times beyond its range never come.
pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(millis(time))
}

pub(super) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The path of a field for filters and updates.
pub(super) fn path(name: &str) -> String {
    format!("fields.{}", escape(name))
}

/// A field's name with the special characters of MongoDB escaped.
fn escape(name: &str) -> Cow<'_, str> {
    const SPECIAL: [char; 4] = ['%', '.', '$', '\0'];
    if name.is_empty() {
        return "%".into();
    }
    if !name.contains(SPECIAL) {
        return name.into();
    }
    let mut escaped = String::with_capacity(name.len() + 8);
    for character in name.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '.' => escaped.push_str("%2e"),
            '$' => escaped.push_str("%24"),
            '\0' => escaped.push_str("%00"),
            other => escaped.push(other),
        }
    }
    escaped.into()
}

fn unescape(escaped: &str) -> Result<String, Failure> {
    if escaped == "%" {
        return Ok(String::new());
    }
    let mut pieces = escaped.split('%');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        name.push(match code {
            "25" => '%',
            "2e" => '.',
            "24" => '$',
            "00" => '\0',
            _ => return Err("a field of a session has a name that is not escaped".into()),
        });
        name.push_str(rest);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_come_back() {
        for name in
            ["", "%", "a", "a.b", "$a", "a$", ".", "..", "\0", "%2e", "%%", "é.漢", "$set.x"]
        {
            let escaped = escape(name);
            assert!(!escaped.is_empty() && !escaped.contains(['.', '$', '\0']), "{escaped}");
            assert_eq!(unescape(&escaped).unwrap(), name);
        }
        for wrong in ["%2", "a%", "%zz", "%é"] {
            assert!(unescape(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_integers_are_longs() {
        for text in ["0", "-7", "9223372036854775807", "-9223372036854775808"] {
            assert!(matches!(value(text), Bson::Int64(_)), "{text}");
        }
        for text in ["-0", "01", "1.0", "1e3", "9223372036854775808", "\"1\"", "", " 1"] {
            assert!(matches!(value(text), Bson::String(_)), "{text}");
        }
    }
}
