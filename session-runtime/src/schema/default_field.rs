//! The default of a field that has no `default = ..`.

/// The type of a field without `default = ..`: it has a [`Default`].
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
