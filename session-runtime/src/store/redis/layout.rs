//! How sessions lie in the server: names of keys, and what is kept beside the fields.
//!
//! `common.lua` describes the same from the other side.

use std::time::Duration;

use crate::base64url;
use crate::clock::{Timestamp, whole_millis};
use crate::id::StoreKey;
use crate::record::{Lifetime, Principal, Record};

/// The hash field that holds [`meta`].
pub(crate) const META: &[u8] = b"@";
/// The hash field that holds the principal if it would make [`META`] too long.
pub(crate) const PRINCIPAL: &[u8] = b"=";
/// The hash field of a tombstone.
pub(crate) const GONE: &[u8] = b"!";

/// Times are kept in six bytes; later ones, beyond the year 10000, are kept as this one.
const MAX_TIME: u64 = (1 << 48) - 1;
/// From the expiry to the deadline there are five bytes: 34 years.
const MAX_LEFT: u64 = (1 << 40) - 1;
/// Beside the idle time, up to 17 years, there is one bit: persistent.
const MAX_IDLE: u64 = (1 << 39) - 1;
const PERSISTENT: u64 = 1 << 39;

/// How long the four times are.
const TIMES: usize = 22;

/// The names of keys.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
    /// What the keys of index sets begin with, for scripts that keep them; nothing if none does.
    index: String,
}

impl Names {
    pub(crate) fn new(prefix: String) -> Self {
        Self { index: format!("{prefix}@"), prefix }
    }

    /// The same keys, spread over servers, so that no script has a session and its index.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn spread(prefix: String) -> Self {
        Self { index: String::new(), prefix }
    }

    /// What the keys of sessions begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of a session.
    pub(crate) fn session(&self, key: &StoreKey) -> Vec<u8> {
        let mut text = [0; base64url::chars(16)];
        [&*self.prefix, base64url::encode(key.as_bytes(), &mut text)].concat().into_bytes()
    }

    /// What the keys of index sets begin with, for scripts that keep them; nothing if none does.
    pub(crate) fn index(&self) -> &str {
        &self.index
    }

    /// The key of the index set of a principal. No id has an `@`, so it is no key of a session.
    pub(crate) fn set(&self, principal: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), b"@", principal].concat()
    }
}

/// A principal as one text. JSON has no NUL, so the last one is the border.
pub(crate) fn principal(principal: &Principal) -> Vec<u8> {
    [principal.key().as_bytes(), b"\0", principal.value().as_bytes()].concat()
}

/// What is kept of a record beside its fields.
pub(crate) fn meta(record: &Record) -> Vec<u8> {
    let mut meta = Vec::with_capacity(TIMES);
    push::<6>(&mut meta, time(record.created_at));
    meta.extend(lifetime(record.lifetime, record.expires_at, record.deadline));
    if let Some(who) = &record.principal {
        meta.extend(principal(who));
    }
    meta
}

/// The part of [`meta`] that another lifetime replaces.
pub(crate) fn lifetime(lifetime: Lifetime, expires_at: Timestamp, deadline: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TIMES);
    let (expires_at, deadline) = (time(expires_at.min(deadline)), time(deadline));
    push::<6>(&mut bytes, expires_at);
    push::<5>(&mut bytes, (deadline - expires_at).min(MAX_LEFT));
    let persistent = if lifetime.persistent { PERSISTENT } else { 0 };
    push::<5>(&mut bytes, whole_millis(lifetime.idle).min(MAX_IDLE) | persistent);
    bytes
}

/// A time as it is kept.
pub(crate) fn time(time: Timestamp) -> u64 {
    time.as_millis().min(MAX_TIME)
}

fn push<const BYTES: usize>(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(&number.to_be_bytes()[8 - BYTES..]);
}

fn take<const BYTES: usize>(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk::<BYTES>()?;
    *bytes = rest;
    Some(number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Reads [`meta`] back, as a record without fields.
pub(crate) fn record(meta: &[u8]) -> Option<Record> {
    let mut rest = meta;
    let created_at = Timestamp::from_millis(take::<6>(&mut rest)?);
    let expires_at = Timestamp::from_millis(take::<6>(&mut rest)?);
    let deadline = expires_at + Duration::from_millis(take::<5>(&mut rest)?);
    let life = take::<5>(&mut rest)?;
    let lifetime = Lifetime {
        idle: Duration::from_millis(life & MAX_IDLE),
        persistent: life & PERSISTENT != 0,
    };
    let principal = match std::str::from_utf8(rest).ok()? {
        "" => None,
        text => text.rsplit_once('\0').map(|(key, value)| Principal::new(key, value)),
    };
    let fields = crate::record::Fields::default();
    Some(Record { fields, created_at, expires_at, deadline, lifetime, principal })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_is_read_back() {
        let mut sample = Record {
            fields: Default::default(),
            created_at: Timestamp::from_millis(1_700_000_000_000),
            expires_at: Timestamp::from_millis(1_700_003_600_001),
            deadline: Timestamp::from_millis(1_700_003_600_001 + MAX_LEFT),
            lifetime: Lifetime { idle: Duration::from_millis(3_600_000), persistent: false },
            principal: None,
        };
        assert_eq!(record(&meta(&sample)).unwrap(), sample);
        assert_eq!(meta(&sample).len(), TIMES);
        sample.lifetime = Lifetime { idle: Duration::from_millis(MAX_IDLE), persistent: true };
        sample.principal = Some(Principal::new("odd\0key", "\"x\""));
        assert_eq!(record(&meta(&sample)).unwrap(), sample);
        for wrong in [&b""[..], b"123456789012345678901", &[0xff; 26]] {
            assert!(record(wrong).is_none());
        }
    }

    #[test]
    fn times_without_end_are_cut() {
        let end = Timestamp::from_millis(u64::MAX);
        let endless = Lifetime { idle: Duration::MAX, persistent: true };
        let record = Record {
            fields: Default::default(),
            created_at: Timestamp::from_millis(0),
            expires_at: end,
            deadline: end,
            lifetime: endless,
            principal: None,
        };
        let read_back = |record: &Record| super::record(&meta(record)).unwrap();
        let kept = read_back(&record);
        assert_eq!(kept.deadline.as_millis(), MAX_TIME);
        assert_eq!(kept.lifetime.idle, Duration::from_millis(MAX_IDLE));
        assert!(kept.lifetime.persistent);
        let early = Timestamp::from_millis(7);
        let kept = read_back(&Record { expires_at: early, ..record });
        assert_eq!((kept.expires_at, kept.deadline.as_millis()), (early, 7 + MAX_LEFT));
    }
}
