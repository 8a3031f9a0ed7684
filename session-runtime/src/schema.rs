//! What a session schema is: the traits the derive implements, and its fields.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::markers::{CounterOps, FlashOps};
#[cfg(any(test, feature = "testing"))]
use crate::testing::{explorer::shape_of, shape::Shape};
use crate::view::View;

/// A struct whose fields are the fields of a session; implemented by `#[derive(SessionSchema)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session schema",
    label = "this type cannot be used as a session",
    note = "add `#[derive(SessionSchema)]` to `{Self}`"
)]
pub trait SessionSchema: Sized + Send + 'static {
    /// The generated handle with the accessors of every field; [`Session`](crate::Session)
    /// dereferences to it.
    type Accessors: Send + Sync + 'static;

    /// The name of the struct, for messages.
    const NAME: &'static str;

    /// Every key this schema claims in a record, aliases included.
    const KEYS: &'static [&'static str];

    /// The stored key of the principal field, if there is one.
    const PRINCIPAL: Option<&'static str>;

    /// The fields, in the order of the struct.
    #[doc(hidden)]
    const FIELDS: &'static [&'static dyn AnyField<Self>];

    /// A session in which nothing is stored.
    #[doc(hidden)]
    fn defaults() -> Self;

    /// The handle over `view`.
    #[doc(hidden)]
    fn accessors(view: View<Self>) -> Self::Accessors;
}

/// A schema with a `#[session(principal)]` field; implemented by the derive.
#[diagnostic::on_unimplemented(
    message = "the session schema `{Self}` has no principal field",
    note = "mark the field that says who is signed in with `#[session(principal)]`"
)]
pub trait PrincipalSchema: SessionSchema {
    /// What the principal field holds when somebody is signed in: the `T` of its `Option<T>`.
    // Every field is `Serialize`: asked here again, a type that is not would be reported twice.
    type Principal;

    /// The stored key of the field.
    const PRINCIPAL_KEY: &'static str;
}

/// One field of the schema `S` with type `T`: where its value is kept, in the struct and in a record.
///
/// Built by the derive as a constant. What the type can do is proved here, once: everything that takes a
/// `Field` has no bounds of its own, so that a type that lacks something is one error and not one for
/// each accessor.
pub struct Field<S, T> {
    pub(crate) index: usize,
    pub(crate) key: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) get: fn(&S) -> &T,
    pub(crate) get_mut: fn(&mut S) -> &mut T,
    pub(crate) default: fn() -> T,
    pub(crate) clone: fn(&T) -> T,
    pub(crate) encode: Encode<T>,
    pub(crate) decode: Decode<T>,
    pub(crate) upgrade: Option<Decode<T>>,
    pub(crate) counter: Option<CounterOps<T>>,
    pub(crate) flash: Option<FlashOps<T>>,
    pub(crate) principal: bool,
    pub(crate) ttl: Option<Duration>,
    pub(crate) reset_on_mismatch: bool,
    #[cfg(any(test, feature = "testing"))]
    pub(crate) shape: fn() -> Shape,
    #[cfg(any(test, feature = "testing"))]
    pub(crate) upgraded_shape: Option<fn() -> Shape>,
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

    /// Cuts a counter to its bounds; other values stay.
    pub(crate) fn normal(&self, value: T) -> T {
        match self.counter {
            Some(ops) => (ops.make)((ops.get)(&value)),
            None => value,
        }
    }

    /// Older keys: read when `key` is absent, removed when the field is written.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Deltas of this field are merged by the store.
    pub const fn counter(mut self, ops: CounterOps<T>) -> Self {
        self.counter = Some(ops);
        self
    }

    /// The field holds messages that are read once.
    pub const fn flash(mut self, ops: FlashOps<T>) -> Self {
        self.flash = Some(ops);
        self
    }

    /// The field says who is signed in; that it is a [`PrincipalField`], [`PrincipalSchema`] asks.
    pub const fn principal(mut self) -> Self {
        self.principal = true;
        self
    }

    /// What does not decode as a `T` was stored as an `Old`.
    pub const fn upgrade<Old: DeserializeOwned>(mut self, upgrade: Decode<T>) -> Self {
        self.upgrade = Some(upgrade);
        #[cfg(any(test, feature = "testing"))]
        {
            self.upgraded_shape = Some(shape_of::<Old>);
        }
        self
    }

    /// The field is absent when this many milliseconds have passed since it was last written.
    pub const fn ttl(mut self, millis: u64) -> Self {
        self.ttl = Some(Duration::from_millis(millis));
        self
    }

    /// A stored value that does not decode reads as the default instead of being an error.
    pub const fn reset_on_mismatch(mut self) -> Self {
        self.reset_on_mismatch = true;
        self
    }
}

/// [`Field::new`], as a function whose type parameters rustc points at when `T` lacks something.
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

/// How a text becomes a value.
pub(crate) type Decode<T> = fn(&str) -> serde_json::Result<T>;

/// How a value becomes its text.
pub(crate) type Encode<T> = fn(&T) -> serde_json::Result<String>;

pub use crate::field::AnyField;
