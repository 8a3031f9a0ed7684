//! What a store keeps for one session.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

#[doc(no_inline)]
pub use smol_str::SmolStr;

use crate::clock::{Timestamp, whole_millis};

/// Everything a store keeps for one session.
///
/// It serialises with serde, so a store that has one opaque column or file per session can keep
/// `serde_json::to_vec(&record)`; a store with columns takes the fields apart.
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
    /// From this moment on the session is absent. Never after [`deadline`](Self::deadline).
    pub expires_at: Timestamp,
    /// The absolute timeout: `expires_at` is never moved beyond it.
    pub deadline: Timestamp,
    /// Which timeouts apply.
    pub lifetime: Lifetime,
    /// Who is signed in, if anybody: what the store indexes the session by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
}

impl Record {
    /// Whether the session is live at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// Which timeouts a session has; kept with it, so that every request knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// The session ends when it is not used for this long. Whole milliseconds.
    #[serde(rename = "idle_ms", with = "millis")]
    pub idle: Duration,
    /// Whether the browser is asked to keep the cookie after it is closed.
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

/// The fields of a session: key to JSON text, in key order.
///
/// A store keeps every text exactly as it is and never looks inside, but for the integers that an
/// [`Add`](crate::patch::FieldOp::Add) works on. Cloning is cheap: copies share their content until
/// one of them changes. `Debug` shows the keys alone.
///
/// ```
/// use session_runtime::record::Fields;
///
/// let mut fields = Fields::default();
/// fields.set("theme", "\"dark\"");
/// assert_eq!(fields.get("theme"), Some("\"dark\""));
/// fields.remove("theme");
/// assert!(fields.is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Fields(Option<Arc<List>>);

/// Few enough fields, as most sessions have, need no memory of their own.
type List = SmallVec<[(SmolStr, SmolStr); 4]>;

impl Fields {
    /// The JSON text stored under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.get_shared(key).map(SmolStr::as_str)
    }

    /// The JSON text stored under `key`; to clone it is cheap.
    pub fn get_shared(&self, key: &str) -> Option<&SmolStr> {
        let list = self.list();
        let at = position(list, key).ok()?;
        Some(&list[at].1)
    }

    /// Whether something is stored under `key`.
    pub fn contains(&self, key: &str) -> bool {
        position(self.list(), key).is_ok()
    }

    /// Stores `text` under `key`.
    pub fn set(&mut self, key: impl Into<SmolStr>, text: impl Into<SmolStr>) {
        self.put(&key.into(), text.into());
    }

    pub(crate) fn put(&mut self, key: &SmolStr, text: SmolStr) {
        let list = Arc::make_mut(self.0.get_or_insert_default());
        match position(list, key) {
            Ok(at) => list[at].1 = text,
            Err(at) => list.insert(at, (key.clone(), text)),
        }
    }

    /// Removes what is stored under `key`; nothing happens if there is nothing.
    pub fn remove(&mut self, key: &str) {
        if let (Ok(at), Some(list)) = (position(self.list(), key), &mut self.0) {
            Arc::make_mut(list).remove(at);
        }
    }

    /// Keys and texts, in key order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.list().iter())
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.list().len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.list().is_empty()
    }

    /// Whether both are the same unchanged copy; a quick test that may miss equal contents.
    pub(crate) fn is_same_copy(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(list), Some(other)) => Arc::ptr_eq(list, other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn list(&self) -> &[(SmolStr, SmolStr)] {
        self.0.as_deref().map_or(&[], SmallVec::as_slice)
    }
}

/// Where `key` is, or where it belongs.
fn position(list: &[(SmolStr, SmolStr)], key: &str) -> Result<usize, usize> {
    list.binary_search_by(|(held, _)| held.as_str().cmp(key))
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.list() == other.list()
    }
}

impl Eq for Fields {}

impl<K: Into<SmolStr>, V: Into<SmolStr>> FromIterator<(K, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut list: List =
            iter.into_iter().map(|(key, text)| (key.into(), text.into())).collect();
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        // Of texts under one key the last counts, as with every map.
        list.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                std::mem::swap(later, earlier);
            }
            is_same
        });
        Self((!list.is_empty()).then(|| Arc::new(list)))
    }
}

impl Serialize for Fields {
    /// As a map.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        BTreeMap::<SmolStr, SmolStr>::deserialize(from).map(Self::from_iter)
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(key, _)| key)).finish()
    }
}

/// The iterator of [`Fields::iter`].
#[derive(Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, (SmolStr, SmolStr)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, text)| (&**key, &**text))
    }
}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.clone().map(|(key, _)| key)).finish()
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

// Shared, for few sessions have one and every record has room for it.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Who {
    key: SmolStr,
    value: SmolStr,
}

impl Principal {
    /// The principal whose field `key` holds the JSON text `value`.
    pub fn new(key: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
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
