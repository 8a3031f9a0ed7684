//! The code after a mistake: the same accessors, with bodies that do nothing. Without them, rustc
//! would report every call of an accessor, too.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::accessor::{Accessor, accessors, all_accessors};
use crate::schema::{Field, Schema};
use crate::{lints, valid};

/// The stubs for a schema with mistakes.
pub(crate) fn expand(schema: &Schema) -> TokenStream {
    let Schema { ident, vis, handle, runtime, .. } = schema;
    if schema.is_generic {
        // Stubs would need the parameters, and raise errors of their own.
        return TokenStream::new();
    }
    let handle = if handle == ident { format_ident!("__{ident}Session") } else { handle.clone() };
    let mut names = HashSet::new();
    let accessors = schema.fields.iter().flat_map(known_accessors);
    let accessors = accessors.filter(|accessor| names.insert(accessor.name.clone()));
    let methods = accessors.map(|accessor| accessor.method(&quote!(::core::unreachable!())));
    let methods = quote!(#(#methods)*);
    let impls = impls(schema, &handle);
    let lints = lints::allowed(schema);
    quote! {
        #[doc(hidden)]
        #[allow(#lints)]
        #vis struct #handle;

        #[allow(#lints unused)]
        const _: () = {
            use #runtime::__private as __private;

            impl #handle {
                #methods
            }

            #impls
        };
    }
}

/// The accessors of a field. If its attributes are wrong, its kind is not known, so it has all of
/// them.
fn known_accessors(field: &Field) -> Vec<Accessor<'_>> {
    if field.is_understood && valid::contradictions(field).next().is_none() {
        accessors(field).collect()
    } else {
        all_accessors(field).collect()
    }
}

fn impls(schema: &Schema, handle: &Ident) -> TokenStream {
    let ident = &schema.ident;
    let principal = schema.principal().map(|field| {
        let id = field.item().map_or_else(|| quote!(()), |item| quote!(#item));
        quote! {
            impl __private::PrincipalSchema for #ident {
                type Principal = #id;
                const PRINCIPAL_KEY: &'static ::core::primitive::str = "";
            }
        }
    });
    quote! {
        impl __private::SessionSchema for #ident {
            type Accessors = #handle;
            const NAME: &'static ::core::primitive::str = "";
            const KEYS: &'static [&'static ::core::primitive::str] = &[];
            const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> =
                ::core::option::Option::None;
            const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[];

            fn defaults() -> Self {
                ::core::unreachable!()
            }

            fn accessors(_: __private::View<Self>) -> #handle {
                ::core::unreachable!()
            }
        }

        #principal
    }
}
