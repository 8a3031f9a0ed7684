//! `#[session(principal)]`: who is signed in.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::plain;
use crate::schema::{Field, Schema};

/// The plain accessors but update: a principal is decided, never computed from the one before.
pub(super) fn methods(field: &Field) -> TokenStream {
    let ident = &field.ident;
    let set = format!("Sets `{ident}`, who is signed in; another value renews the session's id.");
    let clear = format!("Clears `{ident}`: nobody is signed in. This renews the session's id.");
    let accessors = [
        plain::get(field),
        plain::set_documented(field, set),
        plain::clear_documented(field, clear),
        plain::has(field),
    ];
    quote!(#(#accessors)*)
}

/// `impl PrincipalSchema`
pub(super) fn schema_impl(schema: &Schema, field: &Field) -> TokenStream {
    let Field { ty, key, .. } = field;
    let ident = &schema.ident;
    // What the type lacks, or that it is private, is reported at its place.
    let principal = quote_spanned! {ty.span()=>
        type Principal = <#ty as __private::PrincipalField>::Id;
    };
    quote! {
        #[automatically_derived]
        impl __private::PrincipalSchema for #ident {
            #principal

            const PRINCIPAL_KEY: &'static ::core::primitive::str = #key;
        }
    }
}
