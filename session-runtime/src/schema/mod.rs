//! Session schemas: the traits that the derive implements, typed fields, and their changes.

mod any_field;
pub(crate) mod any_values;
mod change;
mod codec;
mod default_field;
mod field;
mod into_option;
mod kinds;
mod ops;
pub(crate) mod registry;
pub(crate) mod resolve;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod shape;
pub(crate) mod snapshot;
mod upgrade;
pub(crate) mod values;
mod view;

pub use self::any_field::AnyField;
pub use self::default_field::DefaultField;
pub use self::field::{Field, field};
pub use self::into_option::IntoOption;
pub use self::kinds::{Counter, Flash, PrincipalField};
pub use self::registry::{Names, Schemas, assert_disjoint};
pub use self::upgrade::upgrade;
pub use self::view::View;

/// A struct whose fields are the fields of a session.
///
/// `#[derive(SessionSchema)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session schema",
    label = "this type cannot be used as a session",
    note = "add `#[derive(SessionSchema)]` to `{Self}`"
)]
pub trait SessionSchema: Sized + Send + 'static {
    /// The generated handle, with the accessors of every field.
    ///
    /// [`Session`](crate::Session) dereferences to it.
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

/// A schema with a `#[session(principal)]` field.
///
/// `#[derive(SessionSchema)]` implements it.
#[diagnostic::on_unimplemented(
    message = "the session schema `{Self}` has no principal field",
    note = "mark the field that says who is signed in with `#[session(principal)]`"
)]
pub trait PrincipalSchema: SessionSchema {
    /// The type of a user: the `T` of the principal field's `Option<T>`.
    // Without a bound `Serialize`, because a type that lacks it would be reported twice.
    type Principal;

    /// The stored key of the field.
    const PRINCIPAL_KEY: &'static str;
}
