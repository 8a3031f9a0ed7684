//! `#[session(counter)]`: the plain accessors, and sums that the store merges.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{Accessor, constant_name, plain};
use crate::schema::{Field, Verb};

/// The plain accessors, add and sub.
pub(super) fn methods(field: &Field) -> TokenStream {
    let (plain, add, sub) = (plain::methods(field), add(field), sub(field));
    quote!(#plain #add #sub)
}

/// `add_x(T) -> T`
fn add(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    let summary = format!(
        "Adds to `{ident}`, within its range, and returns the new value; what concurrent requests \
         add is never lost."
    );
    Accessor::new(field, Verb::Add, summary).build(
        &quote_spanned!(span=> (&self, amount: #ty) -> #ty),
        &quote_spanned!(span=> __private::View::add(&self.__view, &#constant, amount)),
    )
}

/// `sub_x(T) -> T`
fn sub(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    let summary = format!(
        "Subtracts from `{ident}`, within its range, and returns the new value; what concurrent \
         requests subtract is never lost."
    );
    Accessor::new(field, Verb::Sub, summary).build(
        &quote_spanned!(span=> (&self, amount: #ty) -> #ty),
        &quote_spanned!(span=> __private::View::sub(&self.__view, &#constant, amount)),
    )
}
