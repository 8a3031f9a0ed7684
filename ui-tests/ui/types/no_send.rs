use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Theme {
    not_send: PhantomData<*const u8>,
}

#[derive(SessionSchema)]
struct Visit {
    theme: Theme,
}

fn main() {}
