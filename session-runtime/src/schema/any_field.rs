//! A field without its type: from a record into the schema's struct, and back.

use std::any::type_name;

use serde::ser::Error as _;

use super::field::Field;
#[cfg(any(test, feature = "testing"))]
use super::shape::description::{Description, Kind};
use super::snapshot::{FieldKeys, Snapshot};
use crate::clock::Timestamp;
use crate::error::{SessionError, SessionErrorKind};
use crate::record::SharedStr;

/// What an `Add` needs to know of a counter.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) start: i64,
}

/// A [`Field`] without its type.
pub trait AnyField<S>: FieldKeys + Send + Sync {
    #[doc(hidden)]
    fn is_principal(&self) -> bool;

    /// When a value that is stored `now` expires. `None` if it expires with the session.
    #[doc(hidden)]
    fn expires_at(&self, now: Timestamp) -> Option<Timestamp>;

    /// Puts the stored value into the struct, or the default if there is none.
    #[doc(hidden)]
    fn decode(&self, stored: &Snapshot<'_>, into: &mut S) -> Result<(), SessionError>;

    /// The value as JSON text. `None` if nothing needs to be stored.
    #[doc(hidden)]
    fn encode(&self, from: &S) -> Result<Option<SharedStr>, SessionError>;

    /// What the deploy check compares.
    #[cfg(any(test, feature = "testing"))]
    #[doc(hidden)]
    fn describe(&self) -> Description;

    /// Exchanges the values of two structs.
    #[doc(hidden)]
    fn swap(&self, one: &mut S, other: &mut S);

    /// The bounds of a counter.
    #[doc(hidden)]
    fn bounds(&self) -> Option<Bounds>;

    /// The value of a counter.
    #[doc(hidden)]
    fn count(&self, of: &S) -> i64;

    /// Puts a counter's value, clamped to its bounds, into the struct.
    #[doc(hidden)]
    fn set_count(&self, into: &mut S, count: i128);
}

impl<S, T> FieldKeys for Field<S, T> {
    fn key(&self) -> &'static str {
        self.key
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }
}

impl<S: 'static, T: 'static> AnyField<S> for Field<S, T> {
    fn is_principal(&self) -> bool {
        self.principal
    }

    fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.ttl.map(|ttl| now + ttl)
    }

    fn decode(&self, stored: &Snapshot<'_>, into: &mut S) -> Result<(), SessionError> {
        let value = match stored.held(self) {
            None => self.default_value(),
            Some(held) => match from_text(self, held.text) {
                Ok(value) => value,
                Err(_) if self.reset_on_mismatch => self.default_value(),
                Err(error) => return Err(mismatch::<T>(held.key, &error)),
            },
        };
        *(self.get_mut)(into) = value;
        Ok(())
    }

    fn encode(&self, from: &S) -> Result<Option<SharedStr>, SessionError> {
        let text = to_text(self, (self.get)(from))?;
        // An absent key reads as `null` anyway if the default is `null`, such as `None`.
        if &*text == "null" && &*to_text(self, &self.default_value())? == "null" {
            return Ok(None);
        }
        // A float that JSON cannot write becomes `null`, and every later request would fail on it.
        if text.contains("null") && from_text(self, &text).is_err() {
            return Err(encode_error::<T>(self.key, serde_json::Error::custom(UNREADABLE)));
        }
        Ok(Some(text))
    }

    #[cfg(any(test, feature = "testing"))]
    fn describe(&self) -> Description {
        let kind = match self {
            Self { counter: Some(_), .. } => Kind::Counter,
            Self { flash: Some(_), .. } => Kind::Flash,
            Self { principal: true, .. } => Kind::Principal,
            _ => Kind::Plain,
        };
        Description {
            kind,
            shape: (self.shape)(),
            upgraded: self.upgraded_shape.map(|shape| shape()),
        }
    }

    fn swap(&self, one: &mut S, other: &mut S) {
        std::mem::swap((self.get_mut)(one), (self.get_mut)(other));
    }

    fn bounds(&self) -> Option<Bounds> {
        let ops = self.counter?;
        Some(Bounds { min: ops.min, max: ops.max, start: (ops.get)(&self.default_value()) })
    }

    fn count(&self, of: &S) -> i64 {
        self.counter.map_or(0, |ops| (ops.get)((self.get)(of)))
    }

    fn set_count(&self, into: &mut S, count: i128) {
        if let Some(ops) = self.counter {
            let count = count.clamp(ops.min.into(), ops.max.into());
            // Within the bounds, and those are within `i64`.
            *(self.get_mut)(into) = (ops.make)(i64::try_from(count).unwrap_or(ops.max));
        }
    }
}

/// The value of `text`. An older version of the application may have written it.
fn from_text<S, T>(field: &Field<S, T>, text: &str) -> serde_json::Result<T> {
    (field.decode)(text).or_else(|error| {
        let upgraded = field.upgrade.and_then(|upgrade| upgrade(text).ok());
        upgraded.ok_or(error)
    })
}

fn to_text<S, T>(field: &Field<S, T>, value: &T) -> Result<SharedStr, SessionError> {
    match (field.encode)(value) {
        Ok(text) => Ok(text.into()),
        Err(source) => Err(encode_error::<T>(field.key, source)),
    }
}

/// Replaces serde's own message, which may quote the value.
const UNREADABLE: &str = "the JSON does not read back as the type: a NaN or an infinite float in it is written as `null`";

fn encode_error<T>(key: &'static str, source: serde_json::Error) -> SessionError {
    SessionErrorKind::Encode { key, type_name: type_name::<T>(), source }.into()
}

/// Names the kind of mistake and its place. Serde's own message may quote the value, so it is not
/// shown.
fn mismatch<T>(key: &str, error: &serde_json::Error) -> SessionError {
    let reason = match error.classify() {
        serde_json::error::Category::Data => "the stored value has another shape",
        _ => "the stored text is not JSON",
    };
    SessionErrorKind::Mismatch {
        key: key.into(),
        expected: type_name::<T>(),
        reason: format!("{reason} at line {} column {}", error.line(), error.column()),
    }
    .into()
}
