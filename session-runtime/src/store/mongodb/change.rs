//! A patch as a filter and an update of one document.

use ::mongodb::bson::{Bson, Document, doc};

use super::document::{binary, date, lifetime, millis, path, value, who};
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::Record;

/// The arguments of an `updateOne` that changes a session completely or, if the filter does not
/// match it, not at all.
pub(super) struct Change {
    pub(super) filter: Document,
    pub(super) update: Document,
}

/// Where a session moves to.
#[derive(Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) to: &'a StoreKey,
    /// How long the old key answers `Gone`.
    pub(super) gone_until: Timestamp,
}

/// How many former keys a session keeps. Their tombstones matter for a minute, in which `delete` follows them.
const FORMER_KEYS: i32 = 32;

impl Change {
    /// The patch for a session that was not looked at. Its filter misses also what needs that: a sum
    /// beyond its bounds, a counter that does not start at zero, an expiry beyond the deadline.
    /// `None` if it could not but miss.
    pub(super) fn unseen(
        key: &StoreKey,
        patch: &Patch,
        to: Option<Move<'_>>,
        now: Timestamp,
    ) -> Option<Self> {
        let mut parts = Parts::new(key, now);
        for (name, op) in &patch.fields {
            match *op {
                FieldOp::Add { delta, min, max, start } => {
                    parts.add(&path(name), delta, min, max, start)?;
                }
                _ => parts.field(name, op),
            }
        }
        if let ExpiryOp::Extend(until) = patch.expiry {
            parts.filter.insert("deadline", doc! { "$gte": millis(until) });
            parts.max.insert("expires_at", date(until));
        }
        parts.rest(patch, to);
        Some(parts.finish(key, to))
    }

    /// The patch for a session that is as `before` in all that the result depends on; `after` is
    /// that result.
    pub(super) fn seen(
        key: &StoreKey,
        patch: &Patch,
        to: Option<Move<'_>>,
        now: Timestamp,
        before: &Record,
        after: &Record,
    ) -> Self {
        let mut parts = Parts::new(key, now);
        for (name, op) in &patch.fields {
            match op {
                FieldOp::Add { .. } => {
                    parts.holds(&path(name), before.fields.get(name));
                    parts.put(&path(name), after.fields.get(name));
                }
                _ => parts.field(name, op),
            }
        }
        if matches!(patch.expiry, ExpiryOp::Extend(_)) {
            parts.filter.insert("deadline", millis(before.deadline));
            // A touch that came in between may have gone further.
            parts.max.insert("expires_at", date(after.expires_at));
        }
        parts.rest(patch, to);
        parts.finish(key, to)
    }
}

struct Parts {
    filter: Document,
    /// What must not be true.
    nor: Vec<Document>,
    set: Document,
    unset: Document,
    inc: Document,
    max: Document,
}

impl Parts {
    fn new(key: &StoreKey, now: Timestamp) -> Self {
        let mut filter = stored_under(key);
        filter.insert("expires_at", doc! { "$gt": date(now) });
        let empty = Document::new;
        Self { filter, nor: Vec::new(), set: empty(), unset: empty(), inc: empty(), max: empty() }
    }

    fn field(&mut self, name: &str, op: &FieldOp) {
        let path = path(name);
        match op {
            FieldOp::Set(text) => self.put(&path, Some(text)),
            FieldOp::Remove => self.put(&path, None),
            FieldOp::Replace { old, new } => {
                self.holds(&path, old.as_deref());
                self.put(&path, new.as_deref());
            }
            FieldOp::Add { .. } => unreachable!("sums are the caller's"),
        }
    }

    /// Adds to a long whose sum is within the bounds, or to an absent field that starts at zero.
    /// `None` if no sum can be.
    fn add(&mut self, path: &str, delta: i64, min: i64, max: i64, start: i64) -> Option<()> {
        let (delta_wide, smallest, largest) = (i128::from(delta), i128::from(min), i128::from(max));
        let least = smallest - delta_wide;
        let most = largest - delta_wide;
        let longs = i128::from(i64::MIN)..=i128::from(i64::MAX);
        if most < *longs.start() || least > *longs.end() || most < least {
            return None;
        }
        self.nor.push(doc! { path: { "$type": "string" } });
        if let Ok(least) = i64::try_from(least) {
            self.nor.push(doc! { path: { "$lt": least } });
        }
        if let Ok(most) = i64::try_from(most) {
            self.nor.push(doc! { path: { "$gt": most } });
        }
        if start != 0 || !(smallest..=largest).contains(&delta_wide) {
            self.nor.push(doc! { path: { "$exists": false } });
        }
        self.inc.insert(path, delta);
        Some(())
    }

    fn holds(&mut self, path: &str, text: Option<&str>) {
        let condition = match text {
            Some(text) => Bson::Document(doc! { "$eq": value(text) }),
            None => Bson::Document(doc! { "$exists": false }),
        };
        self.filter.insert(path, condition);
    }

    fn put(&mut self, path: &str, text: Option<&str>) {
        match text {
            Some(text) => self.set.insert(path, value(text)),
            None => self.unset.insert(path, ""),
        };
    }

    /// Principal and lifetime.
    fn rest(&mut self, patch: &Patch, to: Option<Move<'_>>) {
        match &patch.principal {
            PrincipalOp::Keep => {}
            PrincipalOp::Set(principal) => {
                self.set.insert("principal", who(principal));
                if let Some(Move { to, .. }) = to {
                    self.set.insert("signed_in_as", binary(to));
                }
            }
            PrincipalOp::Clear => {
                self.unset.insert("principal", "");
            }
        }
        if let ExpiryOp::SetLifetime { lifetime: new, expires_at, deadline } = &patch.expiry {
            self.set.extend(lifetime(new, *deadline));
            self.set.insert("expires_at", date(*expires_at.min(deadline)));
        }
    }

    fn finish(mut self, key: &StoreKey, to: Option<Move<'_>>) -> Change {
        if !self.nor.is_empty() {
            self.filter.insert("$nor", self.nor);
        }
        // An update must say something, also where nothing is to change.
        self.set.insert("key", binary(to.map_or(key, |to| to.to)));
        let mut update = doc! { "$set": self.set };
        for (operator, paths) in [("$unset", self.unset), ("$inc", self.inc), ("$max", self.max)] {
            if !paths.is_empty() {
                update.insert(operator, paths);
            }
        }
        if let Some(Move { to, gone_until }) = to {
            update.insert(
                "$push",
                doc! {
                    "keys": { "$each": [binary(to)], "$slice": -1 - FORMER_KEYS },
                    "ended": { "$each": [date(gone_until)], "$slice": -FORMER_KEYS },
                },
            );
        }
        Change { filter: self.filter, update }
    }
}

/// Matches the session that is stored under `key` now, live or expired.
pub(super) fn stored_under(key: &StoreKey) -> Document {
    doc! { "keys": binary(key), "key": binary(key) }
}
