//! The fields of a session.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::SharedStr;

/// The fields of a session: key to JSON text, in key order.
///
/// A store keeps every text exactly and never looks inside, except for the integers that an
/// [`Add`](crate::patch::FieldOp::Add) changes. A clone is cheap: copies share their content until
/// one of them changes. `Debug` shows only the keys.
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

/// Up to four fields need no allocation of their own.
type List = SmallVec<[(SharedStr, SharedStr); 4]>;

impl Fields {
    /// The JSON text stored under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.get_shared(key).map(SharedStr::as_str)
    }

    /// The JSON text stored under `key`, as a string that is cheap to clone.
    pub fn get_shared(&self, key: &str) -> Option<&SharedStr> {
        let list = self.list();
        let at = position(list, key).ok()?;
        Some(&list[at].1)
    }

    /// Whether something is stored under `key`.
    pub fn contains(&self, key: &str) -> bool {
        position(self.list(), key).is_ok()
    }

    /// Stores `text` under `key`.
    pub fn set(&mut self, key: impl Into<SharedStr>, text: impl Into<SharedStr>) {
        self.put(&key.into(), text.into());
    }

    pub(crate) fn put(&mut self, key: &SharedStr, text: SharedStr) {
        let list = Arc::make_mut(self.0.get_or_insert_default());
        match position(list, key) {
            Ok(at) => list[at].1 = text,
            Err(at) => list.insert(at, (key.clone(), text)),
        }
    }

    /// Removes the text under `key`, if there is one.
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

    fn list(&self) -> &[(SharedStr, SharedStr)] {
        self.0.as_deref().map_or(&[], SmallVec::as_slice)
    }
}

/// Where `key` is, or where it belongs.
fn position(list: &[(SharedStr, SharedStr)], key: &str) -> Result<usize, usize> {
    list.binary_search_by(|(held, _)| held.as_str().cmp(key))
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.list() == other.list()
    }
}

impl Eq for Fields {}

impl<K: Into<SharedStr>, V: Into<SharedStr>> FromIterator<(K, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut list: List =
            iter.into_iter().map(|(key, text)| (key.into(), text.into())).collect();
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        // If a key appears twice, its last text counts, as with every map.
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
        BTreeMap::<SharedStr, SharedStr>::deserialize(from).map(Self::from_iter)
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
pub struct Iter<'a>(std::slice::Iter<'a, (SharedStr, SharedStr)>);

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
