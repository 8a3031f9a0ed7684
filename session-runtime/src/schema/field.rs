//! One field of a schema, with its type.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{Decode, Encode};
use super::ops::{CounterOps, FlashOps};
#[cfg(any(test, feature = "testing"))]
use super::shape::{Shape, explorer::shape_of};

/// One field of the schema `S` with type `T`: where its value is, in the struct and in a record.
///
/// The derive builds it as a constant. The bounds of `T` are checked here, once. Everything that
/// takes a `Field` has no bounds, so a type that lacks one is a single error, not one for each
/// accessor.
pub struct Field<S, T> {
    pub(super) index: usize,
    pub(super) key: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) get: fn(&S) -> &T,
    pub(super) get_mut: fn(&mut S) -> &mut T,
    pub(super) default: fn() -> T,
    pub(super) clone: fn(&T) -> T,
    pub(super) encode: Encode<T>,
    pub(super) decode: Decode<T>,
    pub(super) upgrade: Option<Decode<T>>,
    pub(super) counter: Option<CounterOps<T>>,
    pub(super) flash: Option<FlashOps<T>>,
    pub(super) principal: bool,
    pub(super) ttl: Option<Duration>,
    pub(super) reset_on_mismatch: bool,
    #[cfg(any(test, feature = "testing"))]
    pub(super) shape: fn() -> Shape,
    #[cfg(any(test, feature = "testing"))]
    pub(super) upgraded_shape: Option<fn() -> Shape>,
}

impl<S, T> Field<S, T> {
    /// The field at `index` of [`SessionSchema::FIELDS`], stored under `key`.
    pub const fn new(
        index: usize,
        key: &'static str,
        get: fn(&S) -> &T,
        get_mut: fn(&mut S) -> &mut T,
        default: fn() -> T,
    ) -> Self
    where
        T: Serialize + DeserializeOwned + Clone,
    {
        Self {
            index,
            key,
            aliases: &[],
            get,
            get_mut,
            default,
            clone: T::clone,
            encode: serde_json::to_string,
            decode: |text| serde_json::from_str(text),
            upgrade: None,
            counter: None,
            flash: None,
            principal: false,
            ttl: None,
            reset_on_mismatch: false,
            #[cfg(any(test, feature = "testing"))]
            shape: shape_of::<T>,
            #[cfg(any(test, feature = "testing"))]
            upgraded_shape: None,
        }
    }

    /// The value while nothing is stored.
    pub fn default_value(&self) -> T {
        self.normal((self.default)())
    }

    /// Clamps a counter to its bounds. Other values stay.
    pub(super) fn normal(&self, value: T) -> T {
        match self.counter {
            Some(ops) => (ops.make)((ops.get)(&value)),
            None => value,
        }
    }

    /// Older keys. They are read if `key` is absent, and removed when the field is written.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The store merges deltas of this field.
    pub const fn counter(mut self, ops: CounterOps<T>) -> Self {
        self.counter = Some(ops);
        self
    }

    /// The field holds messages that are read once.
    pub const fn flash(mut self, ops: FlashOps<T>) -> Self {
        self.flash = Some(ops);
        self
    }

    /// The field says who is signed in. [`PrincipalSchema`](super::PrincipalSchema) checks its
    /// type.
    pub const fn principal(mut self) -> Self {
        self.principal = true;
        self
    }

    /// A text that does not decode as a `T` is decoded by `upgrade`, from an `Old`.
    pub const fn upgrade<Old: DeserializeOwned>(mut self, upgrade: Decode<T>) -> Self {
        self.upgrade = Some(upgrade);
        #[cfg(any(test, feature = "testing"))]
        {
            self.upgraded_shape = Some(shape_of::<Old>);
        }
        self
    }

    /// The field expires this many milliseconds after it was last written.
    pub const fn ttl(mut self, millis: u64) -> Self {
        self.ttl = Some(Duration::from_millis(millis));
        self
    }

    /// A stored value that does not decode reads as the default. It is no error.
    pub const fn reset_on_mismatch(mut self) -> Self {
        self.reset_on_mismatch = true;
        self
    }
}

/// [`Field::new`] as a function. If `T` lacks a bound, rustc points at the function's type parameters.
pub const fn field<S, T>(
    index: usize,
    key: &'static str,
    get: fn(&S) -> &T,
    get_mut: fn(&mut S) -> &mut T,
    default: fn() -> T,
) -> Field<S, T>
where
    T: Serialize + DeserializeOwned + Clone,
{
    Field::new(index, key, get, get_mut, default)
}
