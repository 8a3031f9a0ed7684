//! `#[session(flash)]`: messages that are read once.

use proc_macro2::TokenStream;
use quote::quote;

use super::{attributes, constant_name};
use crate::schema::{Field, Schema, Verb};

/// Flash, take and peek.
pub(super) fn methods(schema: &Schema, field: &Field) -> TokenStream {
    let (flash, take, peek) = (flash(schema, field), take(field), peek(field));
    quote!(#flash #take #peek)
}

/// `flash_x(Item)`
fn flash(schema: &Schema, field: &Field) -> TokenStream {
    let Field { ident, vis, ty, .. } = field;
    let krate = &schema.krate;
    let (method, constant) = (field.method(Verb::Flash), constant_name(field));
    let item = match field.item() {
        Some(item) => quote!(#item),
        None => quote!(<#ty as #krate::__private::Flash>::Item),
    };
    let (argument, message) = if field.into {
        (quote!(impl ::core::convert::Into<#item>), quote!(::core::convert::Into::into(message)))
    } else {
        (item, quote!(message))
    };
    let attributes = attributes(field, &format!("Leaves a message in `{ident}` for a later read."));
    quote! {
        #attributes
        #vis fn #method(&self, message: #argument) {
            self.__view.flash(&#constant, #message)
        }
    }
}

/// `take_x() -> T`
fn take(field: &Field) -> TokenStream {
    let Field { ident, vis, ty, .. } = field;
    let (method, constant) = (field.method(Verb::Take), constant_name(field));
    let attributes = attributes(field, &format!("Reads `{ident}` once: it is empty afterwards."));
    quote! {
        #attributes
        #vis fn #method(&self) -> #ty {
            self.__view.take(&#constant)
        }
    }
}

/// `peek_x() -> T`
fn peek(field: &Field) -> TokenStream {
    let Field { ident, vis, ty, .. } = field;
    let (method, constant) = (field.method(Verb::Peek), constant_name(field));
    let attributes = attributes(field, &format!("Reads `{ident}` and leaves it for a later read."));
    quote! {
        #attributes
        #[must_use]
        #vis fn #method(&self) -> #ty {
            self.__view.get(&#constant)
        }
    }
}
