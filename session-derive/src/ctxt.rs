//! Collects the mistakes of one struct, so that one compile shows all of them.

use std::cell::RefCell;
use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Ctxt {
    errors: RefCell<Vec<syn::Error>>,
}

impl Ctxt {
    /// A mistake at `tokens`.
    pub(crate) fn error(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// A mistake with a second place: what `tokens` clashes with.
    pub(crate) fn error_with(
        &self,
        (tokens, message): (impl ToTokens, impl Display),
        (other, note): (impl ToTokens, impl Display),
    ) {
        let mut error = syn::Error::new_spanned(tokens, message);
        error.combine(syn::Error::new_spanned(other, note));
        self.push(error);
    }

    /// A mistake that was made into an error already.
    pub(crate) fn push(&self, error: syn::Error) {
        self.errors.borrow_mut().push(error);
    }

    /// How many mistakes were found.
    pub(crate) fn len(&self) -> usize {
        self.errors.borrow().len()
    }

    /// All mistakes as one error.
    pub(crate) fn check(self) -> syn::Result<()> {
        let mut errors = self.errors.into_inner().into_iter();
        let Some(mut all) = errors.next() else { return Ok(()) };
        errors.for_each(|error| all.combine(error));
        Err(all)
    }
}
