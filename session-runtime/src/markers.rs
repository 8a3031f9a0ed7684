//! The types behind `counter`, `flash` and `principal`, and those with a default: what rustc asks of a
//! field's type, and the operations that it finds there.

use std::mem;

use serde_json::Value;

use crate::schema::Encode;

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
    /// same if they are stored as the same JSON.
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
        if let (Some(held), Some(taken)) = (json(self, encode), json(&taken, encode))
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
        let taken = taken.into_iter().map(|message| json(&vec![message], encode));
        let mut taken: Vec<Value> = taken.flatten().collect();
        for message in mem::take(self) {
            let one = vec![message];
            let held = json(&one, encode);
            match held.and_then(|held| taken.iter().position(|taken| *taken == held)) {
                Some(at) => drop(taken.swap_remove(at)),
                None => self.extend(one),
            }
        }
    }
}

/// The fields of a map are in any order, and so they are compared.
fn json<T>(messages: &T, encode: Encode<T>) -> Option<Value> {
    serde_json::from_str(&encode(messages).ok()?).ok()
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
