//! Fields without a kind of their own: get, set, update, clear, has.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use super::{Accessor, constant_name};
use crate::schema::{Field, Verb};

/// All five accessors.
pub(super) fn methods(field: &Field) -> TokenStream {
    let accessors = [get(field), set(field), update(field), clear(field), has(field)];
    quote!(#(#accessors)*)
}

/// `x() -> T`
pub(super) fn get(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    Accessor::new(field, Verb::Get, format!("The value of `{ident}`.")).build(
        &quote_spanned!(span=> (&self) -> #ty),
        &quote_spanned!(span=> __private::View::get(&self.__view, &#constant)),
    )
}

/// `set_x(T)`
fn set(field: &Field) -> TokenStream {
    set_documented(field, format!("Sets `{}`: this request's value wins.", field.ident))
}

/// `set_x(T)` with its own first line.
pub(super) fn set_documented(field: &Field, summary: String) -> TokenStream {
    let (Field { ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    let (argument, value) = argument(field, Verb::Set, &quote!(#ty), &Ident::new("value", span));
    Accessor::new(field, Verb::Set, summary).build(
        &quote_spanned!(span=> (&self, value: #argument)),
        &quote_spanned!(span=> __private::View::set(&self.__view, &#constant, #value);),
    )
}

/// `update_x(impl Fn(&mut T)) -> T`
fn update(field: &Field) -> TokenStream {
    let (Field { ident, ty, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    let summary = format!(
        "Rewrites `{ident}` with `step` and returns the new value; `step` runs again if another \
         request changed the field meanwhile."
    );
    let signature = quote_spanned! {span=>
        (
            &self,
            step: impl ::core::ops::Fn(&mut #ty)
                + ::core::marker::Send
                + ::core::marker::Sync
                + 'static,
        ) -> #ty
    };
    Accessor::new(field, Verb::Update, summary).build(
        &signature,
        &quote_spanned!(span=> __private::View::update(&self.__view, &#constant, step)),
    )
}

/// `clear_x()`
fn clear(field: &Field) -> TokenStream {
    let ident = &field.ident;
    let summary = format!("Removes `{ident}` from the session: it reads as its default again.");
    clear_documented(field, summary)
}

/// `clear_x()` with its own first line.
pub(super) fn clear_documented(field: &Field, summary: String) -> TokenStream {
    let (span, constant) = (field.span(), constant_name(field));
    Accessor::new(field, Verb::Clear, summary).build(
        &quote_spanned!(span=> (&self)),
        &quote_spanned!(span=> __private::View::clear(&self.__view, &#constant);),
    )
}

/// `has_x() -> bool`
pub(super) fn has(field: &Field) -> TokenStream {
    let (Field { ident, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    Accessor::new(field, Verb::Has, format!("Whether the session holds a value of `{ident}`."))
        .build(
            &quote_spanned!(span=> (&self) -> ::core::primitive::bool),
            &quote_spanned!(span=> __private::View::has(&self.__view, &#constant)),
        )
}

/// The type of the argument `name` of a setter, and the `ty` made of it.
pub(super) fn argument(
    field: &Field,
    verb: Verb,
    ty: &TokenStream,
    name: &Ident,
) -> (TokenStream, TokenStream) {
    if let (true, Verb::Set, Some(item)) = (field.into, verb, field.option()) {
        return (
            quote!(impl __private::IntoOption<#item>),
            quote!(__private::IntoOption::into_option(#name)),
        );
    }
    if field.into {
        (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(#name)))
    } else {
        (ty.clone(), quote!(#name))
    }
}
