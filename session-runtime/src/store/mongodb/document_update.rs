//! A patch as a filter and an update of one document.

use ::mongodb::bson::{Bson, Document, doc};

use super::document::{binary, date, lifetime, millis, path, principal_document, value};
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::Record;

/// The arguments of an `updateOne` that applies a patch.
///
/// If the filter does not match the session, nothing changes.
pub(super) struct DocumentUpdate {
    pub(super) filter: Document,
    pub(super) update: Document,
}

/// Where a rename moves a session.
#[derive(Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) to: &'a StoreKey,
    /// Until when the old key is `Gone`.
    pub(super) gone_until: Timestamp,
}

/// How many former keys a session keeps. Each matters only as long as its tombstone, a minute.
const FORMER_KEYS: i32 = 32;

impl DocumentUpdate {
    /// The change for a session that was not read before.
    ///
    /// Its filter also excludes the cases that need a read: a sum beyond its bounds, an absent
    /// counter that does not start at zero, an expiry beyond the deadline. `None` if it could never
    /// match.
    pub(super) fn without_read(
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

    /// The change for a session that was read as `before`; the patch makes it `after`.
    ///
    /// Its filter matches if everything that the result depends on is still as in `before`.
    pub(super) fn after_read(
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
            // A concurrent touch may have set a later expiry.
            parts.max.insert("expires_at", date(after.expires_at));
        }
        parts.rest(patch, to);
        parts.finish(key, to)
    }
}

struct Parts {
    filter: Document,
    /// Conditions that must not be true.
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
            FieldOp::Add { .. } => unreachable!("the caller handles sums"),
        }
    }

    /// Adds to a long if the sum is within the bounds, or to an absent field that starts at zero.
    ///
    /// `None` if no long has such a sum.
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

    /// Requires that a field holds this text, or is absent.
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

    /// Changes the principal and the lifetime.
    fn rest(&mut self, patch: &Patch, to: Option<Move<'_>>) {
        match &patch.principal {
            PrincipalOp::Keep => {}
            PrincipalOp::Set(principal) => {
                self.set.insert("principal", principal_document(principal));
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

    fn finish(mut self, key: &StoreKey, to: Option<Move<'_>>) -> DocumentUpdate {
        if !self.nor.is_empty() {
            self.filter.insert("$nor", self.nor);
        }
        // An update must not be empty, even if nothing changes.
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
        DocumentUpdate { filter: self.filter, update }
    }
}

/// Matches the session whose current key is `key`, live or expired.
pub(super) fn stored_under(key: &StoreKey) -> Document {
    doc! { "keys": binary(key), "key": binary(key) }
}
