//! What a session schema is: the trait the derive implements, its fields, and the markers behind
//! `counter`, `flash` and `principal`.

use serde::Serialize;
use serde::de::DeserializeOwned;

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
    type Principal: Serialize;

    /// The stored key of the field.
    const PRINCIPAL_KEY: &'static str;
}

/// One field of the schema `S` with type `T`: where its value is kept, in the struct and in a record.
///
/// Built by the derive as a constant.
pub struct Field<S, T> {
    pub(crate) index: usize,
    pub(crate) key: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) get: fn(&S) -> &T,
    pub(crate) get_mut: fn(&mut S) -> &mut T,
    pub(crate) default: fn() -> T,
    pub(crate) counter: Option<CounterOps<T>>,
    pub(crate) principal: bool,
    pub(crate) reset_on_mismatch: bool,
}

impl<S, T> Field<S, T>
where
    S: 'static,
    T: Serialize + DeserializeOwned + Clone + Send + 'static,
{
    /// The field at `index` of [`SessionSchema::FIELDS`], stored under `key`.
    pub const fn new(
        index: usize,
        key: &'static str,
        get: fn(&S) -> &T,
        get_mut: fn(&mut S) -> &mut T,
        default: fn() -> T,
    ) -> Self {
        Self {
            index,
            key,
            aliases: &[],
            get,
            get_mut,
            default,
            counter: None,
            principal: false,
            reset_on_mismatch: false,
        }
    }

    /// Older keys: read when `key` is absent, removed when the field is written.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Deltas of this field are merged by the store.
    pub const fn counter(mut self) -> Self
    where
        T: Counter,
    {
        self.counter =
            Some(CounterOps { min: T::MIN, max: T::MAX, get: T::to_i64, make: T::from_i64 });
        self
    }

    /// The field says who is signed in.
    pub const fn principal(mut self) -> Self
    where
        T: PrincipalField,
    {
        self.principal = true;
        self
    }

    /// A stored value that does not decode reads as the default instead of being an error.
    pub const fn reset_on_mismatch(mut self) -> Self {
        self.reset_on_mismatch = true;
        self
    }
}

/// The integer arithmetic of a counter, within `i64`.
pub(crate) struct CounterOps<T> {
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) get: fn(&T) -> i64,
    pub(crate) make: fn(i64) -> T,
}

impl<T> Clone for CounterOps<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CounterOps<T> {}

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
pub trait Flash: sealed::Flash {
    /// One message.
    type Item: Clone + Send + 'static;
    /// Adds a message.
    #[doc(hidden)]
    fn put(&mut self, item: Self::Item);
    /// Whether there is no message.
    #[doc(hidden)]
    fn is_empty(&self) -> bool;
    /// No messages.
    #[doc(hidden)]
    fn nothing() -> Self;
    /// Removes the messages in `taken` that are still there.
    #[doc(hidden)]
    fn remove_taken(&mut self, taken: &Self);
}

impl<T> sealed::Flash for Option<T> {}

impl<T: Serialize + Clone + Send + 'static> Flash for Option<T> {
    type Item = T;

    fn put(&mut self, item: T) {
        *self = Some(item);
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }

    fn nothing() -> Self {
        None
    }

    fn remove_taken(&mut self, taken: &Self) {
        if let (Some(held), Some(taken)) = (&self, taken)
            && same_text(held, taken)
        {
            *self = None;
        }
    }
}

impl<T> sealed::Flash for Vec<T> {}

impl<T: Serialize + Clone + Send + 'static> Flash for Vec<T> {
    type Item = T;

    fn put(&mut self, item: T) {
        self.push(item);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn nothing() -> Self {
        Self::new()
    }

    fn remove_taken(&mut self, taken: &Self) {
        for message in taken {
            if let Some(at) = self.iter().position(|held| same_text(held, message)) {
                self.remove(at);
            }
        }
    }
}

/// Messages need no `PartialEq`: they are the same if they are stored as the same text.
fn same_text<T: Serialize>(a: &T, b: &T) -> bool {
    match (serde_json::to_string(a), serde_json::to_string(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
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
    type Id: Serialize;
}

impl<T> sealed::Principal for Option<T> {}

impl<T: Serialize> PrincipalField for Option<T> {
    type Id = T;
}

mod sealed {
    pub trait Counter {}
    pub trait Flash {}
    pub trait Principal {}
}

pub use crate::field::AnyField;
