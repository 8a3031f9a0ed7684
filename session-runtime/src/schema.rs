//! What a session schema is: the trait the derive implements, its fields, and the markers behind
//! `counter`, `flash` and `principal`.

use std::mem;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(any(test, feature = "testing"))]
use crate::testing::{probe::shape_of, shape::Shape};
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
        (self.default)()
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

/// The integer arithmetic of a counter, within `i64`.
pub struct CounterOps<T> {
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) get: fn(&T) -> i64,
    pub(crate) wide: fn(T) -> i128,
    pub(crate) make: fn(i64) -> T,
}

impl<T> Clone for CounterOps<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CounterOps<T> {}

/// How the messages of a flash field are read once.
pub struct FlashOps<T> {
    pub(crate) put: fn(&mut T, T),
    pub(crate) nothing: fn() -> T,
    pub(crate) is_empty: fn(&T) -> bool,
    pub(crate) remove_taken: fn(&mut T, T, Encode<T>),
}

impl<T> Clone for FlashOps<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FlashOps<T> {}

/// The types that a field without `default = ..` can have: those with a [`Default`].
#[diagnostic::on_unimplemented(
    message = "the session field type `{Self}` has no default value",
    label = "`Default` is not implemented for `{Self}`",
    note = "a field that is not stored reads as its default: implement `Default` or write `#[session(default = ..)]`"
)]
pub trait DefaultField {
    /// The value of a field that is not stored.
    #[doc(hidden)]
    fn default_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> DefaultField for T {
    fn default_value() -> Self {
        Self::default()
    }
}

/// The integers a `#[session(counter)]` field can have: all up to 64 bits.
#[diagnostic::on_unimplemented(
    message = "`#[session(counter)]` needs an integer field, found `{Self}`",
    label = "not an integer of up to 64 bits"
)]
pub trait Counter: sealed::Counter + Copy {
    /// The least value, as the store counts.
    #[doc(hidden)]
    const MIN: i64;
    /// The greatest value, as the store counts: `i64::MAX` for `u64`.
    #[doc(hidden)]
    const MAX: i64;
    /// Cut to the range of `i64`.
    #[doc(hidden)]
    fn to_i64(&self) -> i64;
    /// Cut to the range of the type.
    #[doc(hidden)]
    fn from_i64(value: i64) -> Self;
    /// Exactly.
    #[doc(hidden)]
    fn to_i128(self) -> i128;
    /// What makes a field a counter.
    #[doc(hidden)]
    const OPS: CounterOps<Self> = CounterOps {
        min: Self::MIN,
        max: Self::MAX,
        get: Self::to_i64,
        wide: Self::to_i128,
        make: Self::from_i64,
    };
}

macro_rules! counters {
    ($($int:ty)*) => {$(
        impl sealed::Counter for $int {}

        impl Counter for $int {
            const MIN: i64 = <$int>::MIN as i64;
            const MAX: i64 =
                if <$int>::MAX as i128 > i64::MAX as i128 { i64::MAX } else { <$int>::MAX as i64 };

            fn to_i64(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }

            fn from_i64(value: i64) -> Self {
                Self::try_from(value).unwrap_or(if value < 0 { Self::MIN } else { Self::MAX })
            }

            fn to_i128(self) -> i128 {
                self as i128
            }
        }
    )*};
}

counters!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

/// The types a `#[session(flash)]` field can have: `Option<T>` keeps the last message, `Vec<T>` all.
#[diagnostic::on_unimplemented(
    message = "`#[session(flash)]` needs an `Option<T>` or `Vec<T>` field, found `{Self}`",
    label = "not an `Option` or `Vec`"
)]
pub trait Flash: sealed::Flash + Sized {
    /// One message.
    type Item;
    /// One message, and nothing else.
    #[doc(hidden)]
    fn one(item: Self::Item) -> Self;
    /// Adds messages.
    #[doc(hidden)]
    fn put(&mut self, messages: Self);
    /// Whether there is no message.
    #[doc(hidden)]
    fn is_empty(&self) -> bool;
    /// No messages.
    #[doc(hidden)]
    fn nothing() -> Self;
    /// Removes the messages in `taken` that are still there. Messages need no `PartialEq`: they are the
    /// same if they are stored as the same text.
    #[doc(hidden)]
    fn remove_taken(&mut self, taken: Self, encode: fn(&Self) -> serde_json::Result<String>);
    /// What makes a field one of messages that are read once.
    #[doc(hidden)]
    const OPS: FlashOps<Self> = FlashOps {
        put: Self::put,
        nothing: Self::nothing,
        is_empty: Self::is_empty,
        remove_taken: Self::remove_taken,
    };
}

impl<T> sealed::Flash for Option<T> {}

impl<T> Flash for Option<T> {
    type Item = T;

    fn one(item: T) -> Self {
        Some(item)
    }

    fn put(&mut self, messages: Self) {
        *self = messages;
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn nothing() -> Self {
        None
    }

    fn remove_taken(&mut self, taken: Self, encode: Encode<Self>) {
        if let (Ok(held), Ok(taken)) = (encode(self), encode(&taken))
            && held == taken
        {
            *self = None;
        }
    }
}

impl<T> sealed::Flash for Vec<T> {}

impl<T> Flash for Vec<T> {
    type Item = T;

    fn one(item: T) -> Self {
        vec![item]
    }

    fn put(&mut self, messages: Self) {
        self.extend(messages);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn nothing() -> Self {
        Self::new()
    }

    fn remove_taken(&mut self, taken: Self, encode: Encode<Self>) {
        let texts = taken.into_iter().map(|message| encode(&vec![message]));
        let mut texts: Vec<String> = texts.filter_map(Result::ok).collect();
        for message in mem::take(self) {
            let one = vec![message];
            let text = encode(&one).ok();
            match texts.iter().position(|taken| Some(taken) == text.as_ref()) {
                Some(at) => drop(texts.swap_remove(at)),
                None => self.extend(one),
            }
        }
    }
}

/// The type a `#[session(principal)]` field can have: `Option<T>`, where `None` means that nobody is
/// signed in.
#[diagnostic::on_unimplemented(
    message = "`#[session(principal)]` needs an `Option<T>` field, `None` means nobody is signed in",
    label = "found `{Self}`, not an `Option`"
)]
pub trait PrincipalField: sealed::Principal {
    /// Who is signed in.
    type Id;
}

impl<T> sealed::Principal for Option<T> {}

impl<T> PrincipalField for Option<T> {
    type Id = T;
}

mod sealed {
    pub trait Counter {}
    pub trait Flash {}
    pub trait Principal {}
}

pub use crate::field::AnyField;
