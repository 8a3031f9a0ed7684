//! The generated code: a handle with accessors, and the schema's trait.

mod counter;
mod flash;
mod plain;
mod principal;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::schema::{Field, Kind, Schema};

/// The code for a schema without mistakes.
pub(crate) fn expand(schema: &Schema) -> TokenStream {
    let Schema { ident, vis, accessors, krate, .. } = schema;
    let handle_docs =
        format!("The accessors of [`{ident}`]: what a `Session<{ident}>` dereferences to.",);
    let constants = schema.fields.iter().map(|field| constant(schema, field));
    let methods = schema.fields.iter().map(|field| methods(schema, field));
    let schema_impl = schema_impl(schema);
    let principal_impl = schema.principal().map(|field| principal::schema_impl(schema, field));
    let handle_name = accessors.unraw().to_string();
    quote! {
        #[doc = #handle_docs]
        #[allow(deprecated)]
        #vis struct #accessors {
            __view: #krate::__private::View<#ident>,
        }

        #[doc(hidden)]
        #[allow(deprecated, dead_code, non_snake_case, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = {
            #(#constants)*

            #[automatically_derived]
            impl #accessors {
                #(#methods)*
            }

            #schema_impl

            #principal_impl

            #[automatically_derived]
            impl ::core::fmt::Debug for #accessors {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(#handle_name).finish_non_exhaustive()
                }
            }
        };
    }
}

/// The constant that says where a field is kept, and the function that makes its default.
fn constant(schema: &Schema, field: &Field) -> TokenStream {
    let Schema { ident: schema_ident, krate, .. } = schema;
    let Field { ident, index, ty, key, aliases, .. } = field;
    let name = constant_name(field);
    let default_name = default_name(field);
    let default = match &field.default {
        Some(expr) => expr.clone(),
        None => {
            let span = ty.span();
            let default = quote_spanned!(span=> ::core::default::Default);
            quote!(<#ty as #default>::default())
        }
    };
    let aliases = (!aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
    let kind = match field.kind {
        Kind::Plain | Kind::Flash => None,
        Kind::Counter => Some(quote!(.counter())),
        Kind::Principal => Some(quote!(.principal())),
    };
    let reset = schema.reset_on_mismatch.then(|| quote!(.reset_on_mismatch()));
    quote! {
        fn #default_name() -> #ty {
            #default
        }

        const #name: #krate::__private::Field<#schema_ident, #ty> = #krate::__private::Field::<#schema_ident, #ty>::new(
            #index,
            #key,
            |values| &values.#ident,
            |values| &mut values.#ident,
            #default_name,
        ) #aliases #kind #reset;
    }
}

fn constant_name(field: &Field) -> Ident {
    let name = field.ident.unraw().to_string().to_uppercase();
    format_ident!("__FIELD_{}_{}", field.index, name, span = Span::call_site())
}

fn default_name(field: &Field) -> Ident {
    format_ident!("__default_{}", field.ident.unraw(), span = Span::call_site())
}

fn methods(schema: &Schema, field: &Field) -> TokenStream {
    match field.kind {
        Kind::Plain => plain::methods(schema, field),
        Kind::Counter => counter::methods(schema, field),
        Kind::Flash => flash::methods(schema, field),
        Kind::Principal => principal::methods(schema, field),
    }
}

fn schema_impl(schema: &Schema) -> TokenStream {
    let Schema { ident, accessors, krate, fields, .. } = schema;
    let name = ident.unraw().to_string();
    let keys = fields.iter().flat_map(|field| std::iter::once(&field.key).chain(&field.aliases));
    let constants = fields.iter().map(constant_name);
    let idents = fields.iter().map(|field| &field.ident);
    let defaults = fields.iter().map(default_name);
    let principal = match schema.principal().map(|field| &field.key) {
        Some(key) => quote!(::core::option::Option::Some(#key)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #[automatically_derived]
        impl #krate::__private::SessionSchema for #ident {
            type Accessors = #accessors;

            const NAME: &'static ::core::primitive::str = #name;

            const KEYS: &'static [&'static ::core::primitive::str] = &[#(#keys),*];

            const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = #principal;

            const FIELDS: &'static [&'static dyn #krate::__private::AnyField<Self>] =
                &[#(&#constants),*];

            fn defaults() -> Self {
                Self { #(#idents: #defaults()),* }
            }

            fn accessors(view: #krate::__private::View<Self>) -> #accessors {
                #accessors { __view: view }
            }
        }
    }
}

/// What an accessor's own line of documentation and the field's attributes come to.
fn attributes(field: &Field, summary: &str) -> TokenStream {
    let Field { docs, deprecated, .. } = field;
    let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    quote!(#[doc = #summary] #blank #(#docs)* #deprecated)
}
