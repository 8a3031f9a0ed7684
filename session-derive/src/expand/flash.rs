//! `#[session(flash)]`: messages that are read once.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::{Accessor, constant_name, plain};
use crate::schema::{Field, Verb};

/// Flash, take and peek.
pub(super) fn methods(field: &Field) -> TokenStream {
    let accessors = [flash(field), take(field), peek(field)];
    quote!(#(#accessors)*)
}

/// `flash_x(Item)`
fn flash(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    // Where the type is no flash type, all that is asked of it at its own place is one error.
    let item = match field.item() {
        Some(item) => quote!(#item),
        None => quote_spanned!(ty.span()=> <#ty as __private::Flash>::Item),
    };
    let message = Ident::new("message", ty.span());
    let (argument, value) = plain::argument(field, Verb::Flash, &item, &message);
    let one = quote_spanned!(ty.span()=> <#ty as __private::Flash>::one(#value));
    Accessor::new(field, Verb::Flash, format!("Leaves a message in `{ident}` for a later read."))
        .build(
            &quote_spanned!(span=> (&self, #message: #argument)),
            &quote_spanned!(span=> __private::View::flash(&self.__view, &#constant, #one);),
        )
}

/// `take_x() -> T`
fn take(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    Accessor::new(field, Verb::Take, format!("Reads `{ident}` once: it is empty afterwards."))
        .build(
            &quote_spanned!(span=> (&self) -> #ty),
            &quote_spanned!(span=> __private::View::take(&self.__view, &#constant)),
        )
}

/// `peek_x() -> T`
fn peek(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    Accessor::new(field, Verb::Peek, format!("Reads `{ident}` and leaves it for a later read."))
        .build(
            &quote_spanned!(span=> (&self) -> #ty),
            &quote_spanned!(span=> __private::View::get(&self.__view, &#constant)),
        )
}
