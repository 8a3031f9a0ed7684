//! Fields that expire: when each one does is kept beside it, under a companion key.
//!
//! The companion of `code` is `code@expires`, milliseconds since the Unix epoch. No session key can hold
//! an `@`, so it collides with no field, and stores keep it like any other. It is obeyed by every schema,
//! also by one whose field has no `ttl`: another version of the application may have written it.

use smol_str::SmolStr;

use crate::clock::{Clock, Timestamp};
use crate::field::AnyField;
use crate::record::Fields;

const SUFFIX: &str = "@expires";

/// What a record holds at one moment: a field whose time is over is absent.
pub struct Snapshot<'a> {
    fields: &'a Fields,
    pub(crate) now: Timestamp,
    /// Whether there is a companion at all: most sessions have none, and build no keys to look for them.
    dated: bool,
}

/// Where a field is held in a record.
pub(crate) struct Held<'a> {
    pub(crate) key: &'static str,
    pub(crate) text: &'a SmolStr,
    pub(crate) expires_at: Option<Timestamp>,
}

/// When a field expires, as it is stored.
pub(crate) struct Companion<'a> {
    pub(crate) key: String,
    pub(crate) text: &'a SmolStr,
}

impl<'a> Snapshot<'a> {
    /// What `fields` hold `now`.
    pub(crate) fn new(fields: &'a Fields, now: Timestamp) -> Self {
        Self { fields, now, dated: is_dated(fields) }
    }

    /// The same for those who only read: the clock is asked if a field can be over.
    pub(crate) fn to_read(fields: &'a Fields, clock: &dyn Clock) -> Self {
        let dated = is_dated(fields);
        let now = if dated { clock.recent() } else { Timestamp::from_millis(0) };
        Self { fields, now, dated }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Where `field` is held: under its key or else its first alias that is there. One that is over is
    /// not passed over for an older one.
    pub(crate) fn held<S>(&self, field: &(impl AnyField<S> + ?Sized)) -> Option<Held<'a>> {
        let (key, text) = self.first(field)?;
        let expires_at = self.expires_at(key);
        let is_live = expires_at.is_none_or(|expires_at| self.now < expires_at);
        is_live.then_some(Held { key, text, expires_at })
    }

    /// The aliases of `field` that are there, with their texts.
    pub(crate) fn stored_aliases<S>(
        &self,
        field: &(impl AnyField<S> + ?Sized),
    ) -> impl Iterator<Item = (&'static str, &'a SmolStr)> {
        let aliases = field.aliases().iter();
        aliases.filter_map(|alias| Some((*alias, self.text(alias)?)))
    }

    /// The text under `key`, also if its time is over: what the store compares with.
    pub(crate) fn text(&self, key: &str) -> Option<&'a SmolStr> {
        self.fields.get_shared(key)
    }

    /// Whether something is still stored under `key` whose time is over.
    pub(crate) fn is_over(&self, key: &str) -> bool {
        self.fields.contains(key)
            && self.expires_at(key).is_some_and(|expires_at| self.now >= expires_at)
    }

    /// Whether `field` is still stored and its time [is over](Self::is_over).
    pub(crate) fn has_expired<S>(&self, field: &(impl AnyField<S> + ?Sized)) -> bool {
        self.dated && self.first(field).is_some_and(|(key, _)| self.is_over(key))
    }

    pub(crate) fn companion(&self, key: &str) -> Option<Companion<'a>> {
        if !self.dated {
            return None;
        }
        let key = companion_key(key);
        self.fields.get_shared(&key).map(|text| Companion { key, text })
    }

    /// The key that is the field's: its own or else its first alias that is there.
    fn first<S>(&self, field: &(impl AnyField<S> + ?Sized)) -> Option<(&'static str, &'a SmolStr)> {
        let key = field.key();
        match self.text(key) {
            Some(text) => Some((key, text)),
            None => self.stored_aliases(field).next(),
        }
    }

    fn expires_at(&self, key: &str) -> Option<Timestamp> {
        // What is no time was not written by this library: better over than kept for ever.
        let text = self.companion(key)?.text;
        Some(Timestamp::from_millis(text.parse().unwrap_or(0)))
    }
}

fn is_dated(fields: &Fields) -> bool {
    fields.iter().any(|(key, _)| key.ends_with(SUFFIX))
}

/// Where it is kept when `key` expires.
pub(crate) fn companion_key(key: &str) -> String {
    format!("{key}{SUFFIX}")
}
