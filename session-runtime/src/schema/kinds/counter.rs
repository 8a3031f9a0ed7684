//! Counters: integers whose additions the store merges.

use crate::schema::ops::CounterOps;

/// The type of a `#[session(counter)]` field: an integer of up to 64 bits.
#[diagnostic::on_unimplemented(
    message = "`#[session(counter)]` needs an integer field, found `{Self}`",
    label = "not an integer of up to 64 bits"
)]
pub trait Counter: sealed::Sealed + Copy {
    /// The least value that the store counts to.
    #[doc(hidden)]
    const MIN: i64;
    /// The greatest value that the store counts to: `i64::MAX` for `u64`.
    #[doc(hidden)]
    const MAX: i64;
    /// Clamped to the range of `i64`.
    #[doc(hidden)]
    fn to_i64(&self) -> i64;
    /// Clamped to the range of the type.
    #[doc(hidden)]
    fn from_i64(value: i64) -> Self;
    /// Exactly.
    #[doc(hidden)]
    fn to_i128(self) -> i128;
    /// The operations of a counter field.
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
        impl sealed::Sealed for $int {}

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

mod sealed {
    pub trait Sealed {}
}
