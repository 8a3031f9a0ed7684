//! A field without its type: how the values of one schema get out of a record and into one.

use std::any::type_name;

use serde::ser::Error as _;
use smol_str::SmolStr;

use crate::clock::Timestamp;
use crate::error::{SessionError, SessionErrorKind};
use crate::schema::Field;
use crate::ttl::Snapshot;

/// What an `Add` needs to know of a counter.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) start: i64,
}

/// A [`Field`] whose type is forgotten.
pub trait AnyField<S>: Send + Sync {
    #[doc(hidden)]
    fn key(&self) -> &'static str;

    #[doc(hidden)]
    fn aliases(&self) -> &'static [&'static str];

    #[doc(hidden)]
    fn is_principal(&self) -> bool;

    /// When a value that is stored `now` is over; `None`: with the session.
    #[doc(hidden)]
    fn expires_at(&self, now: Timestamp) -> Option<Timestamp>;

    /// Puts the stored value into the struct; the default if there is none.
    #[doc(hidden)]
    fn decode(&self, stored: &Snapshot<'_>, into: &mut S) -> Result<(), SessionError>;

    /// The value as JSON text; `None` if nothing needs to be stored.
    #[doc(hidden)]
    fn encode(&self, from: &S) -> Result<Option<SmolStr>, SessionError>;

    /// What the deploy check compares.
    #[cfg(any(test, feature = "testing"))]
    #[doc(hidden)]
    fn describe(&self) -> crate::testing::deploy::Description;

    /// Puts the default into the struct.
    #[doc(hidden)]
    fn reset(&self, into: &mut S);

    /// Exchanges the values of two structs.
    #[doc(hidden)]
    fn swap(&self, one: &mut S, other: &mut S);

    /// The bounds of a counter.
    #[doc(hidden)]
    fn bounds(&self) -> Option<Bounds>;

    /// The value of a counter.
    #[doc(hidden)]
    fn count(&self, of: &S) -> i64;

    /// Puts a counter's value, cut to its bounds, into the struct.
    #[doc(hidden)]
    fn set_count(&self, into: &mut S, count: i128);
}

impl<S: 'static, T: 'static> AnyField<S> for Field<S, T> {
    fn key(&self) -> &'static str {
        self.key
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

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

    fn encode(&self, from: &S) -> Result<Option<SmolStr>, SessionError> {
        let text = to_text(self, (self.get)(from))?;
        // A `null` that an absent key reads as anyway, such as `None`, needs no key.
        if &*text == "null" && &*to_text(self, &self.default_value())? == "null" {
            return Ok(None);
        }
        // What JSON has no number for is written as `null`, and every later request would fail on it.
        if text.contains("null") && from_text(self, &text).is_err() {
            return Err(encode_error::<T>(self.key, serde_json::Error::custom(UNREADABLE)));
        }
        Ok(Some(text))
    }

    #[cfg(any(test, feature = "testing"))]
    fn describe(&self) -> crate::testing::deploy::Description {
        use crate::testing::deploy::{Description, Kind};
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

    fn reset(&self, into: &mut S) {
        *(self.get_mut)(into) = self.default_value();
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

/// The value of `text`, which an older version of the application may have written.
fn from_text<S, T>(field: &Field<S, T>, text: &str) -> serde_json::Result<T> {
    (field.decode)(text).or_else(|error| {
        let upgraded = field.upgrade.and_then(|upgrade| upgrade(text).ok());
        upgraded.ok_or(error)
    })
}

fn to_text<S, T>(field: &Field<S, T>, value: &T) -> Result<SmolStr, SessionError> {
    match (field.encode)(value) {
        Ok(text) => Ok(text.into()),
        Err(source) => Err(encode_error::<T>(field.key, source)),
    }
}

/// In place of serde's own message, which may quote the value.
const UNREADABLE: &str = "the JSON does not read back as the type: a NaN or an infinite float in it is written as `null`";

fn encode_error<T>(key: &'static str, source: serde_json::Error) -> SessionError {
    SessionErrorKind::Encode { key, type_name: type_name::<T>(), source }.into()
}

/// Names the kind of mistake and its place, never the value: serde's own message may quote it.
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
