//! The principal field: who is signed in.

/// The type of a `#[session(principal)]` field: an `Option<T>`. `None` means that nobody is signed
/// in.
#[diagnostic::on_unimplemented(
    message = "`#[session(principal)]` needs an `Option<T>` field, `None` means nobody is signed in",
    label = "found `{Self}`, not an `Option`"
)]
pub trait PrincipalField: sealed::Sealed {
    /// Who is signed in.
    type Id;
}

impl<T> sealed::Sealed for Option<T> {}

impl<T> PrincipalField for Option<T> {
    type Id = T;
}

mod sealed {
    pub trait Sealed {}
}
