//! What the deploy check compares of a field.

use serde::{Deserialize, Serialize};

use super::Shape;

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Plain,
    Counter,
    Flash,
    Principal,
}

/// What the deploy check knows of a field in today's schema.
pub struct Description {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// The shape of the older type that `upgrade` converts.
    pub(crate) upgraded: Option<Shape>,
}

impl Kind {
    /// The name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain field",
            Self::Counter => "counter",
            Self::Flash => "flash",
            Self::Principal => "principal",
        }
    }
}
