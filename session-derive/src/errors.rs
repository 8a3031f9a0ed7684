//! Collects the mistakes in one struct, so that one compile shows all of them.

use std::cell::RefCell;
use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors {
    found: RefCell<Vec<syn::Error>>,
}

impl Errors {
    /// Adds a mistake at `tokens`.
    pub(crate) fn add(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a mistake at one place, with a note at the place that it conflicts with.
    pub(crate) fn add_with_note(
        &self,
        (tokens, message): (impl ToTokens, impl Display),
        (other, note): (impl ToTokens, impl Display),
    ) {
        let mut error = syn::Error::new_spanned(tokens, message);
        error.combine(syn::Error::new_spanned(other, note));
        self.push(error);
    }

    /// Adds a mistake that `syn` has found.
    pub(crate) fn push(&self, error: syn::Error) {
        self.found.borrow_mut().push(error);
    }

    /// How many mistakes were found.
    pub(crate) fn len(&self) -> usize {
        self.found.borrow().len()
    }

    /// Fails with all mistakes as one error, if there are any.
    pub(crate) fn into_result(self) -> syn::Result<()> {
        let mut errors = self.found.into_inner().into_iter();
        let Some(mut all) = errors.next() else { return Ok(()) };
        errors.for_each(|error| all.combine(error));
        Err(all)
    }
}
