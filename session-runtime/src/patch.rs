//! The changes of one request, in the form that a store merges.

#[cfg(test)]
mod tests;

use std::fmt;

use smallvec::SmallVec;

use crate::clock::Timestamp;
use crate::record::{Lifetime, Principal, Record, SharedStr};

/// The changes of one commit: at most one operation for each field, the principal, and the expiry.
///
/// [`apply`](Self::apply) defines what a patch does. A store that changes records in Rust calls it. A store that
/// changes them in its server does the same there, and the conformance suite checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The field operations. No key appears twice.
    pub fields: Vec<(SharedStr, FieldOp)>,
    /// What happens to the principal.
    pub principal: PrincipalOp,
    /// What happens to the expiry.
    pub expiry: ExpiryOp,
}

/// What happens to one field.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldOp {
    /// Store this JSON text, whatever the field holds.
    Set(SharedStr),
    /// Remove the field, if it is there.
    Remove,
    /// Add to an integer, exactly, and clamp the sum to `min` and `max`.
    ///
    /// The stored text must be an integer in canonical form (`0`, `-7`, no `+`, no leading zero, no
    /// fraction) that fits an `i64`. Otherwise the whole patch is a mismatch.
    Add {
        /// The number to add.
        delta: i64,
        /// The least result.
        min: i64,
        /// The greatest result.
        max: i64,
        /// The value of an absent field, before the addition.
        start: i64,
    },
    /// Store `new` if the field still holds the text `old`. Otherwise the whole patch is a
    /// conflict.
    Replace {
        /// The text that must be there. `None`: the field must be absent.
        old: Option<SharedStr>,
        /// The text to store. `None`: remove the field.
        new: Option<SharedStr>,
    },
}

/// What happens to the principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalOp {
    /// It stays as it is.
    Keep,
    /// This principal is signed in from now on.
    Set(Principal),
    /// Nobody is signed in any more.
    Clear,
}

/// What happens to the expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpiryOp {
    /// It stays as it is.
    Keep,
    /// The session lives at least until this time. It never shortens, and never passes the
    /// deadline.
    Extend(Timestamp),
    /// The session gets another lifetime.
    SetLifetime {
        /// The lifetime from now on.
        lifetime: Lifetime,
        /// When it expires if it is not used again. The store clamps it to `deadline`.
        expires_at: Timestamp,
        /// The new absolute deadline.
        deadline: Timestamp,
    },
}

/// The outcome of [`Patch::apply`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// The record holds the result.
    Applied,
    /// A `Replace` found another text. The record is unchanged.
    Conflict,
    /// The field with this key holds no integer that `Add` can change. The record is unchanged.
    Mismatch(SharedStr),
}

impl Patch {
    /// A patch that changes nothing.
    pub const fn empty() -> Self {
        Self { fields: Vec::new(), principal: PrincipalOp::Keep, expiry: ExpiryOp::Keep }
    }

    /// Whether applying it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
            && self.principal == PrincipalOp::Keep
            && self.expiry == ExpiryOp::Keep
    }

    /// Whether it signs somebody in who was not signed in before.
    ///
    /// After a rename with such a patch, a `delete` of the old key does not end the session.
    ///
    /// ```
    /// use session_runtime::patch::{Patch, PrincipalOp};
    /// use session_runtime::record::Principal;
    ///
    /// let principal = PrincipalOp::Set(Principal::new("user_id", "7"));
    /// assert!(Patch { principal, ..Patch::empty() }.signs_in());
    /// assert!(!Patch::empty().signs_in());
    /// ```
    pub const fn signs_in(&self) -> bool {
        matches!(self.principal, PrincipalOp::Set(_))
    }

    /// Changes `record`, completely or not at all. The caller decides whether the record is live.
    ///
    /// ```
    /// use session_runtime::patch::{Applied, FieldOp, Patch};
    /// # use session_runtime::{Timestamp, record::{Fields, Lifetime, Record}};
    /// # use std::time::Duration;
    /// # let now = Timestamp::from_millis(0);
    /// # let mut record = Record { fields: Fields::default(), created_at: now, expires_at: now,
    /// #     deadline: now, lifetime: Lifetime { idle: Duration::ZERO, persistent: false },
    /// #     principal: None };
    /// record.fields.set("counter", "41");
    /// let add = FieldOp::Add { delta: 1, min: 0, max: i64::MAX, start: 0 };
    /// let patch = Patch { fields: vec![("counter".into(), add)], ..Patch::empty() };
    /// assert_eq!(patch.apply(&mut record), Applied::Applied);
    /// assert_eq!(record.fields.get("counter"), Some("42"));
    /// ```
    pub fn apply(&self, record: &mut Record) -> Applied {
        // Every check comes before the first write.
        let mut outcomes = SmallVec::<[_; 4]>::new();
        for (key, op) in &self.fields {
            match op.outcome(key, record.fields.get(key)) {
                Ok(outcome) => outcomes.push(outcome),
                Err(refused) => return refused,
            }
        }
        for ((key, _), outcome) in self.fields.iter().zip(&outcomes) {
            match outcome {
                Outcome::Text(text) => record.fields.put(key, (*text).clone()),
                Outcome::Sum(sum) => {
                    record.fields.put(key, itoa::Buffer::new().format(*sum).into());
                }
                Outcome::Nothing => record.fields.remove(key),
            }
        }
        self.apply_to_rest(record);
        Applied::Applied
    }

    /// Changes all of `record` but its fields.
    pub(crate) fn apply_to_rest(&self, record: &mut Record) {
        match &self.principal {
            PrincipalOp::Keep => {}
            PrincipalOp::Set(principal) => record.principal = Some(principal.clone()),
            PrincipalOp::Clear => record.principal = None,
        }
        self.expiry.apply(record);
    }
}

/// What a field holds after an operation.
enum Outcome<'a> {
    Text(&'a SharedStr),
    Sum(i64),
    Nothing,
}

impl FieldOp {
    /// What becomes of the field `key`, which has `held`; or why the whole patch is refused.
    fn outcome(&self, key: &SharedStr, held: Option<&str>) -> Result<Outcome<'_>, Applied> {
        match self {
            Self::Set(text) => Ok(Outcome::Text(text)),
            Self::Remove => Ok(Outcome::Nothing),
            Self::Replace { old, .. } if held != old.as_deref() => Err(Applied::Conflict),
            Self::Replace { new, .. } => Ok(new.as_ref().map_or(Outcome::Nothing, Outcome::Text)),
            Self::Add { delta, min, max, start } => {
                let held = held.map_or(Some(*start), parse_integer);
                let held = held.ok_or_else(|| Applied::Mismatch(key.clone()))?;
                Ok(Outcome::Sum(held.saturating_add(*delta).clamp(*min, *max)))
            }
        }
    }
}

impl ExpiryOp {
    fn apply(&self, record: &mut Record) {
        match *self {
            Self::Keep => {}
            Self::Extend(until) => {
                record.expires_at = until.max(record.expires_at).min(record.deadline);
            }
            Self::SetLifetime { lifetime, expires_at, deadline } => {
                record.lifetime = lifetime;
                record.deadline = deadline;
                record.expires_at = expires_at.min(deadline);
            }
        }
    }
}

/// The integer that `text` is the canonical form of.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    let canonical = matches!(text.as_bytes(), [b'0'] | [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..]);
    // `parse` refuses everything else: other characters and what does not fit.
    if canonical { text.parse().ok() } else { None }
}

impl fmt::Debug for FieldOp {
    /// Shows the kind of operation, never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set(_) => "Set",
            Self::Remove => "Remove",
            Self::Add { .. } => "Add",
            Self::Replace { .. } => "Replace",
        })
    }
}
