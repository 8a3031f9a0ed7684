//! What a field can do because of its kind.

use super::codec::Encode;

/// The integer arithmetic of a counter, within `i64`.
pub struct CounterOps<T> {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) get: fn(&T) -> i64,
    pub(super) wide: fn(T) -> i128,
    pub(super) make: fn(i64) -> T,
}

impl<T> Clone for CounterOps<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for CounterOps<T> {}

/// How the messages of a flash field are read once.
pub struct FlashOps<T> {
    pub(super) put: fn(&mut T, T),
    pub(super) nothing: fn() -> T,
    pub(super) is_empty: fn(&T) -> bool,
    pub(super) remove_taken: fn(&mut T, T, Encode<T>),
}

impl<T> Clone for FlashOps<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FlashOps<T> {}
