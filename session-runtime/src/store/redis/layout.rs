//! How a session is stored: the names of the keys, and the bytes next to the fields.
//!
//! `common.lua` reads and writes the same bytes.

use std::time::Duration;

use crate::base64url;
use crate::clock::{Timestamp, whole_millis};
use crate::id::StoreKey;
use crate::record::{Lifetime, Principal, Record};

/// The hash field that holds [`meta`].
pub(super) const META: &[u8] = b"@";
/// The hash field that holds the principal if it would make [`META`] too long.
pub(super) const PRINCIPAL: &[u8] = b"=";
/// The hash field of a tombstone.
pub(super) const TOMBSTONE: &[u8] = b"!";

/// Times take six bytes. Later times, after the year 10000, are stored as this one.
const MAX_TIME: u64 = (1 << 48) - 1;
/// The time from the expiry to the deadline takes five bytes: 34 years.
const MAX_LEFT: u64 = (1 << 40) - 1;
/// The idle time, up to 17 years, and the bit [`PERSISTENT`] take five bytes together.
const MAX_IDLE: u64 = (1 << 39) - 1;
const PERSISTENT: u64 = 1 << 39;

/// The number of bytes that all of them take.
const TIMES: usize = 22;

/// Makes the names of keys in Redis.
pub(super) struct KeyNames {
    prefix: String,
    index_prefix: String,
}

impl KeyNames {
    /// For one server, where scripts keep the index together with the session.
    pub(super) fn new(prefix: String) -> Self {
        Self { index_prefix: format!("{prefix}@"), prefix }
    }

    /// For a cluster, where a session and its index may be on different servers.
    #[cfg(feature = "redis-cluster")]
    pub(super) fn for_cluster(prefix: String) -> Self {
        Self { index_prefix: String::new(), prefix }
    }

    /// The prefix of all keys.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of a session.
    pub(super) fn session(&self, key: &StoreKey) -> Vec<u8> {
        let mut text = [0; base64url::chars(16)];
        [&*self.prefix, base64url::encode(key.as_bytes(), &mut text)].concat().into_bytes()
    }

    /// The key of a principal's index. No id contains an `@`, so no session has this key.
    pub(super) fn index(&self, principal: &[u8]) -> Vec<u8> {
        [self.prefix.as_bytes(), b"@", principal].concat()
    }

    /// The prefix of index keys, for scripts that keep the index. Empty if they must not.
    pub(super) fn index_prefix(&self) -> &str {
        &self.index_prefix
    }
}

/// A principal as one text. Its value is JSON and contains no NUL, so the last NUL ends the key.
pub(super) fn principal(principal: &Principal) -> Vec<u8> {
    [principal.key().as_bytes(), b"\0", principal.value().as_bytes()].concat()
}

/// A record without its fields.
pub(super) fn meta(record: &Record) -> Vec<u8> {
    let mut meta = Vec::with_capacity(TIMES);
    push::<6>(&mut meta, stored_millis(record.created_at));
    meta.extend(lifetime(record.lifetime, record.expires_at, record.deadline));
    if let Some(who) = &record.principal {
        meta.extend(principal(who));
    }
    meta
}

/// The part of [`meta`] that changes with the lifetime.
pub(super) fn lifetime(lifetime: Lifetime, expires_at: Timestamp, deadline: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TIMES);
    let (expires_at, deadline) = (stored_millis(expires_at.min(deadline)), stored_millis(deadline));
    push::<6>(&mut bytes, expires_at);
    push::<5>(&mut bytes, (deadline - expires_at).min(MAX_LEFT));
    let persistent = if lifetime.persistent { PERSISTENT } else { 0 };
    push::<5>(&mut bytes, whole_millis(lifetime.idle).min(MAX_IDLE) | persistent);
    bytes
}

/// A time in the range that is stored.
pub(super) fn stored_millis(time: Timestamp) -> u64 {
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
pub(super) fn read_meta(meta: &[u8]) -> Option<Record> {
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
        assert_eq!(read_meta(&meta(&sample)).unwrap(), sample);
        assert_eq!(meta(&sample).len(), TIMES);
        sample.lifetime = Lifetime { idle: Duration::from_millis(MAX_IDLE), persistent: true };
        sample.principal = Some(Principal::new("odd\0key", "\"x\""));
        assert_eq!(read_meta(&meta(&sample)).unwrap(), sample);
        for wrong in [&b""[..], b"123456789012345678901", &[0xff; 26]] {
            assert!(read_meta(wrong).is_none());
        }
    }

    #[test]
    fn times_are_stored_up_to_a_maximum() {
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
        let read_back = |record: &Record| read_meta(&meta(record)).unwrap();
        let kept = read_back(&record);
        assert_eq!(kept.deadline.as_millis(), MAX_TIME);
        assert_eq!(kept.lifetime.idle, Duration::from_millis(MAX_IDLE));
        assert!(kept.lifetime.persistent);
        let early = Timestamp::from_millis(7);
        let kept = read_back(&Record { expires_at: early, ..record });
        assert_eq!((kept.expires_at, kept.deadline.as_millis()), (early, 7 + MAX_LEFT));
    }
}
