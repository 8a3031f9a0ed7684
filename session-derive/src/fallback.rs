//! After a mistake: accessors that do nothing, so that the places of use raise no errors of their own.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::lints;
use crate::schema::{Field, Schema, Verb};
use crate::valid;

/// The same traits and accessors as without a mistake.
pub(crate) fn expand(schema: &Schema) -> TokenStream {
    if schema.generic {
        // The stubs would raise errors of their own.
        return TokenStream::new();
    }
    let Schema { vis, krate, .. } = schema;
    let mut names = HashSet::new();
    let methods = schema
        .fields
        .iter()
        .flat_map(|field| verbs(field).into_iter().map(move |verb| (field, verb)))
        .filter(|(field, verb)| names.insert(field.method(*verb)))
        .map(|(field, verb)| stub(field, verb));
    let handle = if schema.accessors == schema.ident {
        format_ident!("__{}Session", schema.ident)
    } else {
        schema.accessors.clone()
    };
    let methods = quote!(#(#methods)*);
    let lints = lints::allowed(schema);
    let impls = impls(schema, &handle);
    quote! {
        #[doc(hidden)]
        #[allow(#lints)]
        #vis struct #handle;

        #[allow(#lints unused)]
        const _: () = {
            use #krate::__private as __private;

            impl #handle {
                #methods
            }

            #impls
        };
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

/// Every accessor for a field whose attributes are wrong: which ones it should have is not known.
fn verbs(field: &Field) -> Vec<Verb> {
    match field.is_understood && valid::contradictions(field).next().is_none() {
        true => field.methods().map(|(verb, _)| verb).collect(),
        false => Verb::ALL.to_vec(),
    }
}

fn stub(field: &Field, verb: Verb) -> TokenStream {
    let Field { ty, vis, .. } = field;
    let method = field.method(verb);
    let signature = match verb {
        Verb::Get | Verb::Take | Verb::Peek => quote!((&self) -> #ty),
        Verb::Set if field.into && field.option().is_some() => {
            let item = field.option();
            quote!((&self, _: impl __private::IntoOption<#item>))
        }
        Verb::Set if field.into => quote!((&self, _: impl ::core::convert::Into<#ty>)),
        Verb::Set => quote!((&self, _: #ty)),
        Verb::Update => quote!((&self, _: impl ::core::ops::Fn(&mut #ty)) -> #ty),
        Verb::Clear => quote!((&self)),
        Verb::Has => quote!((&self) -> ::core::primitive::bool),
        Verb::ExpiresAt => quote!((&self) -> ::core::option::Option<__private::Timestamp>),
        Verb::Add | Verb::Sub => quote!((&self, _: #ty) -> #ty),
        Verb::Flash => match field.item() {
            Some(item) if field.into => quote!((&self, _: impl ::core::convert::Into<#item>)),
            Some(item) => quote!((&self, _: #item)),
            None => quote!((&self, _: impl ::core::marker::Sized)),
        },
    };
    quote!(#vis fn #method #signature { ::core::unreachable!() })
}
