//! The fields of a record at one moment, in which expired fields are absent.
//!
//! The expiry of a field is stored next to it, under a companion key: `code@expires` for `code`, in
//! milliseconds since the Unix epoch. A session key cannot contain `@`, so companions collide with
//! no field. Stores keep them like other fields. Every schema obeys a stored expiry, even if its
//! field has no `ttl`: another version of the application may have written it.

use crate::clock::{Clock, Timestamp};
use crate::record::{Fields, SharedStr};

const SUFFIX: &str = "@expires";

/// The fields of a record at one moment. An expired field is absent.
pub struct Snapshot<'a> {
    fields: &'a Fields,
    pub(super) now: Timestamp,
    /// Whether any field has an expiry. Most sessions have none, so no companion keys are built.
    has_expiries: bool,
}

/// The keys of a field.
pub trait FieldKeys {
    #[doc(hidden)]
    fn key(&self) -> &'static str;

    /// Older keys. They are read if `key` is absent.
    #[doc(hidden)]
    fn aliases(&self) -> &'static [&'static str];
}

/// Where a record holds a field.
pub(super) struct Held<'a> {
    pub(super) key: &'static str,
    pub(super) text: &'a SharedStr,
    pub(super) expires_at: Option<Timestamp>,
}

/// The stored expiry of a field.
pub(super) struct Companion<'a> {
    pub(super) key: String,
    pub(super) text: &'a SharedStr,
}

impl<'a> Snapshot<'a> {
    /// The fields at the moment `now`.
    pub(crate) fn new(fields: &'a Fields, now: Timestamp) -> Self {
        Self { fields, now, has_expiries: has_expiries(fields) }
    }

    /// The same for readers. Asks the clock only if a field has an expiry.
    pub(crate) fn to_read(fields: &'a Fields, clock: &dyn Clock) -> Self {
        let has_expiries = has_expiries(fields);
        let now = if has_expiries { clock.recent() } else { Timestamp::from_millis(0) };
        Self { fields, now, has_expiries }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Where `field` is held: under its key, or else under its first alias that is there. If that
    /// value has expired, the field is absent, even if another alias holds a value.
    pub(super) fn held(&self, field: &(impl FieldKeys + ?Sized)) -> Option<Held<'a>> {
        let (key, text) = self.first(field)?;
        let expires_at = self.expires_at(key);
        let is_live = expires_at.is_none_or(|expires_at| self.now < expires_at);
        is_live.then_some(Held { key, text, expires_at })
    }

    /// The aliases of `field` that are there, with their texts.
    pub(super) fn stored_aliases(
        &self,
        field: &(impl FieldKeys + ?Sized),
    ) -> impl Iterator<Item = (&'static str, &'a SharedStr)> {
        let aliases = field.aliases().iter();
        aliases.filter_map(|alias| Some((*alias, self.text(alias)?)))
    }

    /// The text under `key`, expired or not. The store compares with it.
    pub(super) fn text(&self, key: &str) -> Option<&'a SharedStr> {
        self.fields.get_shared(key)
    }

    /// Whether the text under `key` has expired and is still stored.
    pub(super) fn is_expired(&self, key: &str) -> bool {
        self.fields.contains(key)
            && self.expires_at(key).is_some_and(|expires_at| self.now >= expires_at)
    }

    /// Whether `field` has [expired](Self::is_expired) and is still stored.
    pub(super) fn has_expired(&self, field: &(impl FieldKeys + ?Sized)) -> bool {
        self.has_expiries && self.first(field).is_some_and(|(key, _)| self.is_expired(key))
    }

    pub(super) fn companion(&self, key: &str) -> Option<Companion<'a>> {
        if !self.has_expiries {
            return None;
        }
        let key = companion_key(key);
        self.fields.get_shared(&key).map(|text| Companion { key, text })
    }

    /// The key that holds the field: its own, or else its first alias that is there.
    fn first(&self, field: &(impl FieldKeys + ?Sized)) -> Option<(&'static str, &'a SharedStr)> {
        let key = field.key();
        match self.text(key) {
            Some(text) => Some((key, text)),
            None => self.stored_aliases(field).next(),
        }
    }

    fn expires_at(&self, key: &str) -> Option<Timestamp> {
        // This library writes only times. Anything else counts as expired, so that it is not kept
        // for ever.
        let text = self.companion(key)?.text;
        Some(Timestamp::from_millis(text.parse().unwrap_or(0)))
    }
}

fn has_expiries(fields: &Fields) -> bool {
    fields.iter().any(|(key, _)| key.ends_with(SUFFIX))
}

/// The key that holds when `key` expires.
pub(super) fn companion_key(key: &str) -> String {
    format!("{key}{SUFFIX}")
}
