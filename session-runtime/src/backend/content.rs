//! The content of a cookie that holds its session, as JSON (RFC 8259).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::{Timestamp, whole_millis};
use crate::error::{SessionError, SessionErrorKind};
use crate::id::StoreKey;
use crate::record::{Fields, Lifetime, Principal, Record};

/// A session in a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) id: StoreKey,
    /// When the session got this id. It stays the same when the cookie is written again.
    pub(super) issued_at: Timestamp,
    pub(super) record: Record,
}

/// The JSON object. Times are in milliseconds since the Unix epoch, and durations in milliseconds.
///
/// The names are short, because the browser sends every byte with every request.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    data: BTreeMap<Cow<'a, str>, &'a RawValue>,
    id: Cow<'a, str>,
    /// When the session got its id.
    iat: u64,
    /// When the session was created.
    born: u64,
    /// When the session expires.
    exp: u64,
    /// The absolute deadline of the session.
    end: u64,
    /// The idle timeout.
    idle: u64,
    /// Whether the browser keeps the cookie after it is closed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keep: bool,
    /// The key of the principal field, if somebody is signed in. Its value is in `data`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    who: Option<Cow<'a, str>>,
}

impl Content {
    /// Writes the JSON text.
    pub(super) fn encode(&self) -> Result<Vec<u8>, SessionError> {
        let record = &self.record;
        let mut data = BTreeMap::new();
        for (key, text) in &record.fields {
            let text: &RawValue = serde_json::from_str(text).map_err(SessionErrorKind::Content)?;
            data.insert(key.into(), text);
        }
        let wire = Wire {
            data,
            id: self.id.to_string().into(),
            iat: self.issued_at.as_millis(),
            born: record.created_at.as_millis(),
            exp: record.expires_at.as_millis(),
            end: record.deadline.as_millis(),
            idle: whole_millis(record.lifetime.idle),
            keep: record.lifetime.persistent,
            who: record.principal.as_ref().map(|principal| principal.key().into()),
        };
        Ok(serde_json::to_vec(&wire).map_err(SessionErrorKind::Content)?)
    }

    /// Reads what [`encode`](Self::encode) wrote. `None` if it is something else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let wire: Wire<'_> = serde_json::from_slice(bytes).ok()?;
        let fields: Fields = wire.data.iter().map(|(key, text)| (&**key, text.get())).collect();
        let principal = match wire.who {
            Some(key) => Some(Principal::new(&*key, fields.get_shared(&key)?.clone())),
            None => None,
        };
        Some(Self {
            id: wire.id.parse().ok()?,
            issued_at: Timestamp::from_millis(wire.iat),
            record: Record {
                fields,
                created_at: Timestamp::from_millis(wire.born),
                expires_at: Timestamp::from_millis(wire.exp),
                deadline: Timestamp::from_millis(wire.end),
                lifetime: Lifetime {
                    idle: Duration::from_millis(wire.idle),
                    persistent: wire.keep,
                },
                principal,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::tests::any_record;

    fn any_json() -> BoxedStrategy<String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|value| value.to_string()),
            any::<i64>().prop_map(|value| value.to_string()),
            "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?(e[+-]?[0-9]{1,3})?",
            ".*".prop_map(|text| serde_json::to_string(&text).unwrap()),
            Just(r#""\\ud800 \\u0000""#.to_owned()),
        ];
        let nested = leaf.prop_recursive(4, 16, 4, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , ")));
            let map = prop::collection::vec((".*", inner), 0..4).prop_map(|pairs| {
                let pair =
                    |(key, value)| format!("{}:{value}", serde_json::to_string(&key).unwrap());
                format!("{{{}}}", pairs.into_iter().map(pair).collect::<Vec<String>>().join(","))
            });
            prop_oneof![list, map]
        });
        nested.boxed()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_session_comes_back(
            id in any::<[u8; 16]>(),
            issued_at in any::<u64>(),
            record in any_record(any_json()),
        ) {
            let issued_at = Timestamp::from_millis(issued_at);
            let content = Content { id: StoreKey::from_bytes(id), issued_at, record };
            prop_assert_eq!(Content::decode(&content.encode().unwrap()), Some(content));
        }

        #[test]
        fn rubbish_is_no_session_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Content::decode(&bytes), None);
        }
    }

    #[test]
    fn says_what_was_kept_in_few_bytes() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let content = Content {
            id: StoreKey::from_bytes([7; 16]),
            issued_at: now + Duration::from_millis(1),
            record: Record {
                fields: [("theme", "\"d\\u0000 k\""), ("user_id", "7"), ("", "[1.50, {}]")]
                    .into_iter()
                    .collect(),
                created_at: now,
                expires_at: now + Duration::from_secs(1),
                deadline: now + Duration::from_secs(2),
                lifetime: Lifetime { idle: Duration::from_secs(1), persistent: true },
                principal: Some(Principal::new("user_id", "7")),
            },
        };
        let bytes = content.encode().unwrap();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            concat!(
                r#"{"data":{"":[1.50, {}],"theme":"d\u0000 k","user_id":7},"#,
                r#""id":"BwcHBwcHBwcHBwcHBwcHBw","iat":1700000000001,"born":1700000000000,"#,
                r#""exp":1700000001000,"end":1700000002000,"idle":1000,"keep":true,"who":"user_id"}"#,
            )
        );
        assert_eq!(Content::decode(&bytes), Some(content));
        for rubbish in [&b"{}"[..], b"", b"[]", &bytes[1..], br#"{"data":{"a":}}"#] {
            assert_eq!(Content::decode(rubbish), None);
        }
    }
}
