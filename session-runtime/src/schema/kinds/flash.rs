//! Flash fields: messages that are read once.

use std::mem;

use serde_json::Value;

use crate::schema::codec::Encode;
use crate::schema::ops::FlashOps;

/// The type of a `#[session(flash)]` field: `Option<T>` keeps the last message, `Vec<T>` keeps all.
#[diagnostic::on_unimplemented(
    message = "`#[session(flash)]` needs an `Option<T>` or `Vec<T>` field, found `{Self}`",
    label = "not an `Option` or `Vec`"
)]
pub trait Flash: sealed::Sealed + Sized {
    /// One message.
    type Item;
    /// A field with one message.
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
    /// Removes the messages in `taken` that are still there. Messages need no `PartialEq`: they are
    /// equal if their JSON is.
    #[doc(hidden)]
    fn remove_taken(&mut self, taken: Self, encode: fn(&Self) -> serde_json::Result<String>);
    /// The operations of a flash field.
    #[doc(hidden)]
    const OPS: FlashOps<Self> = FlashOps {
        put: Self::put,
        nothing: Self::nothing,
        is_empty: Self::is_empty,
        remove_taken: Self::remove_taken,
    };
}

impl<T> sealed::Sealed for Option<T> {}

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

impl<T> sealed::Sealed for Vec<T> {}

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

/// The JSON of messages. The order of a map's fields does not matter in a comparison.
fn json<T>(messages: &T, encode: Encode<T>) -> Option<Value> {
    serde_json::from_str(&encode(messages).ok()?).ok()
}

mod sealed {
    pub trait Sealed {}
}
