//! How sessions lie in the server: names of keys, and what is kept beside the fields.
//!
//! `common.lua` describes the same from the other side.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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
/// Beside the idle time there is one bit: persistent.
const MAX_IDLE: u64 = (1 << 47) - 1;
const PERSISTENT: u64 = 1 << 47;

/// How long the four times are.
const TIMES: usize = 24;

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
        let mut text = [0; 22];
        // Four characters for three bytes, without padding.
        let encoded = URL_SAFE_NO_PAD.encode_slice(key.as_bytes(), &mut text);
        encoded.expect("16 bytes are 22 characters");
        [self.prefix.as_bytes(), &text].concat()
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
    push(&mut meta, time(record.created_at));
    meta.extend(lifetime(record.lifetime, record.expires_at, record.deadline));
    if let Some(who) = &record.principal {
        meta.extend(principal(who));
    }
    meta
}

/// The part of [`meta`] that another lifetime replaces.
pub(crate) fn lifetime(lifetime: Lifetime, expires_at: Timestamp, deadline: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(TIMES);
    push(&mut bytes, time(expires_at.min(deadline)));
    push(&mut bytes, time(deadline));
    let persistent = if lifetime.persistent { PERSISTENT } else { 0 };
    push(&mut bytes, whole_millis(lifetime.idle).min(MAX_IDLE) | persistent);
    bytes
}

/// A time as it is kept.
pub(crate) fn time(time: Timestamp) -> u64 {
    time.as_millis().min(MAX_TIME)
}

fn push(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(&number.to_be_bytes()[2..]);
}

/// Reads [`meta`] back, as a record without fields.
pub(crate) fn record(meta: &[u8]) -> Option<Record> {
    let (times, principal) = meta.split_at_checked(TIMES)?;
    let mut numbers = times
        .chunks(6)
        .map(|six| six.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    let mut time = || numbers.next().map(Timestamp::from_millis);
    let (created_at, expires_at, deadline) = (time()?, time()?, time()?);
    let life = numbers.next()?;
    let lifetime = Lifetime {
        idle: Duration::from_millis(life & MAX_IDLE),
        persistent: life & PERSISTENT != 0,
    };
    let principal = match std::str::from_utf8(principal).ok()? {
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
            deadline: Timestamp::from_millis(MAX_TIME),
            lifetime: Lifetime { idle: Duration::from_millis(3_600_000), persistent: false },
            principal: None,
        };
        assert_eq!(record(&meta(&sample)).unwrap(), sample);
        assert_eq!(meta(&sample).len(), TIMES);
        sample.lifetime = Lifetime { idle: Duration::from_millis(MAX_IDLE), persistent: true };
        sample.principal = Some(Principal::new("odd\0key", "\"x\""));
        assert_eq!(record(&meta(&sample)).unwrap(), sample);
        for wrong in [&b""[..], b"1234567890123456789012", &[0xff; 26]] {
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
        let kept = super::record(&meta(&record)).unwrap();
        assert_eq!(kept.deadline.as_millis(), MAX_TIME);
        assert_eq!(kept.lifetime.idle, Duration::from_millis(MAX_IDLE));
        assert!(kept.lifetime.persistent);
    }
}
