//! Three schemas with so many keys that rustc could take their comparison for an endless loop.

#![deny(warnings)]

use session_runtime::__private::{AnyField, View};
use session_runtime::{SessionSchema, schemas};

macro_rules! schema {
    ($name:ident, $keys:expr) => {
        struct $name;

        impl SessionSchema for $name {
            type Accessors = ();

            const NAME: &'static str = stringify!($name);
            const KEYS: &'static [&'static str] = &$keys;
            const PRINCIPAL: Option<&'static str> = None;
            const FIELDS: &'static [&'static dyn AnyField<Self>] = &[];

            fn defaults() -> Self {
                Self
            }

            fn accessors(_: View<Self>) {}
        }
    };
}

schema!(Visit, ["app.settings.visit"; 300]);
schema!(Offer, ["app.settings.offer"; 300]);
schema!(Items, ["app.settings.items"; 300]);

fn main() {
    let _ = schemas![Visit, Offer, Items];
}
