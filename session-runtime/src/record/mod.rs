//! What a store keeps for one session.

mod fields;
mod shared_str;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::fields::{Fields, Iter};
pub use self::shared_str::SharedStr;
use crate::clock::{Timestamp, whole_millis};

/// Everything a store keeps for one session.
///
/// It implements serde's traits. A store with one opaque column or file for each session can keep
/// `serde_json::to_vec(&record)`. A store with columns takes the fields apart.
///
/// ```
/// use session_runtime::record::{Fields, Lifetime, Record};
/// use session_runtime::Timestamp;
/// use std::time::Duration;
///
/// let now = Timestamp::from_millis(1_700_000_000_000);
/// let record = Record {
///     fields: Fields::from_iter([("counter", "1"), ("theme", "\"dark\"")]),
///     created_at: now,
///     expires_at: now + Duration::from_secs(3_600),
///     deadline: now + Duration::from_secs(86_400),
///     lifetime: Lifetime { idle: Duration::from_secs(3_600), persistent: false },
///     principal: None,
/// };
/// let kept = serde_json::to_vec(&record)?;
/// assert_eq!(serde_json::from_slice::<Record>(&kept)?, record);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The fields, each as JSON text.
    pub fields: Fields,
    /// When the session began.
    pub created_at: Timestamp,
    /// When the session expires. Never later than [`deadline`](Self::deadline).
    pub expires_at: Timestamp,
    /// The absolute deadline: `expires_at` never moves beyond it.
    pub deadline: Timestamp,
    /// Which timeouts apply.
    pub lifetime: Lifetime,
    /// Who is signed in, if anybody. The store indexes the session by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
}

impl Record {
    /// Whether the session is live at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// Which timeouts a session has.
///
/// It is stored with the session, so that every request knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// The session expires if it is not used for this long. Whole milliseconds.
    #[serde(rename = "idle_ms", with = "millis")]
    pub idle: Duration,
    /// Whether the browser keeps the cookie after it is closed.
    pub persistent: bool,
}

mod millis {
    use super::{Duration, whole_millis};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(whole_millis(*value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// Who is signed in: the key of the principal field and its JSON text.
///
/// Two principals are the same only if both are the same text. `Debug` hides the value.
///
/// ```
/// use session_runtime::record::Principal;
///
/// let seven = Principal::new("user_id", "7");
/// assert_eq!((seven.key(), seven.value()), ("user_id", "7"));
/// assert_ne!(seven, Principal::new("admin_id", "7"));
/// assert!(!format!("{seven:?}").contains('7'));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Principal(Arc<Who>);

// Shared, because few sessions have one and every record has room for it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Who {
    key: SharedStr,
    value: SharedStr,
}

impl Principal {
    /// The principal whose field `key` holds the JSON text `value`.
    pub fn new(key: impl Into<SharedStr>, value: impl Into<SharedStr>) -> Self {
        Self(Arc::new(Who { key: key.into(), value: value.into() }))
    }

    /// The stored key of the principal field.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The JSON text of the principal field.
    pub fn value(&self) -> &str {
        &self.0.value
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal").field("key", &self.key()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_record_comes_back(record in any_record(".*")) {
            let kept = serde_json::to_vec(&record).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Record>(&kept).unwrap(), record);
        }
    }

    /// A record whose fields hold texts like `text`; the principal, if there is one, is among them.
    pub(crate) fn any_record(
        text: impl Strategy<Value = String> + Clone + 'static,
    ) -> impl Strategy<Value = Record> {
        let fields = prop::collection::btree_map(".*", text, 0..8);
        let time = || any::<u64>().prop_map(Timestamp::from_millis);
        let lifetime = (any::<u64>(), any::<bool>()).prop_map(|(idle, persistent)| Lifetime {
            idle: Duration::from_millis(idle),
            persistent,
        });
        let rest = (time(), time(), time(), lifetime, any::<Option<prop::sample::Index>>());
        (fields, rest).prop_map(|(fields, (created_at, expires_at, deadline, lifetime, who))| {
            let principal = who.filter(|_| !fields.is_empty()).map(|index| {
                let at = index.index(fields.len());
                let (key, text) = fields.iter().nth(at).expect("an index within the map");
                Principal::new(key.as_str(), text.as_str())
            });
            let fields = fields.into_iter().collect();
            Record { fields, created_at, expires_at, deadline, lifetime, principal }
        })
    }
}
