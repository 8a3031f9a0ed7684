//! `#[session(principal)]`: who is signed in.

use proc_macro2::TokenStream;
use quote::quote;

use super::plain;
use crate::schema::{Field, Schema};

/// The plain accessors but update: a principal is decided, never computed from the one before.
pub(super) fn methods(schema: &Schema, field: &Field) -> TokenStream {
    let (get, set) = (plain::get(schema, field), plain::set(schema, field));
    let (clear, has) = (plain::clear(schema, field), plain::has(schema, field));
    quote!(#get #set #clear #has)
}

/// `impl PrincipalSchema`
pub(super) fn schema_impl(schema: &Schema, field: &Field) -> TokenStream {
    let Schema { ident, krate, .. } = schema;
    let Field { ty, key, .. } = field;
    quote! {
        #[automatically_derived]
        impl #krate::__private::PrincipalSchema for #ident {
            type Principal = <#ty as #krate::__private::PrincipalField>::Id;

            const PRINCIPAL_KEY: &'static ::core::primitive::str = #key;
        }
    }
}
