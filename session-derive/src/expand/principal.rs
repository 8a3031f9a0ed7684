//! `#[session(principal)]`: who is signed in.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::plain;
use crate::schema::{Field, Schema};

/// The plain accessors but update: a principal is decided, never computed from the one before.
pub(super) fn methods(field: &Field) -> TokenStream {
    let accessors = [plain::get(field), plain::set(field), plain::clear(field), plain::has(field)];
    quote!(#(#accessors)*)
}

/// `impl PrincipalSchema`
pub(super) fn schema_impl(schema: &Schema, field: &Field) -> TokenStream {
    let Field { ty, key, .. } = field;
    let ident = &schema.ident;
    let id = quote_spanned!(ty.span()=> <#ty as __private::PrincipalField>::Id);
    quote! {
        #[automatically_derived]
        impl __private::PrincipalSchema for #ident {
            type Principal = #id;

            const PRINCIPAL_KEY: &'static ::core::primitive::str = #key;
        }
    }
}
