//! The generated code: a handle with accessors, and the traits of the schema.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::accessor::{Accessor, Verb, accessors};
use crate::attr::{Ttl, Upgrade};
use crate::lints;
use crate::schema::{Field, Kind, Schema};

/// The code for a schema without mistakes.
///
/// A field's type or default may mention any name of the user's module. So that module gets only
/// the handle. The rest is in a block of its own, where `__private` is the runtime and our other
/// names begin with two underscores, too. Methods are called by their paths: otherwise Rust would
/// prefer a method of the user's traits that has the same name and takes `self`.
pub(crate) fn expand(schema: &Schema) -> TokenStream {
    let Schema { ident, vis, handle, runtime, .. } = schema;
    let handle_docs =
        format!(" The accessors of [`{ident}`]. A `Session<{ident}>` dereferences to this type.");
    let handle_name = handle.unraw().to_string();
    let constants = schema.fields.iter().map(|field| constant(schema, field));
    let accessors = schema.fields.iter().flat_map(accessors);
    let methods = accessors.map(|accessor| accessor.method(&body(&accessor)));
    let schema_impl = schema_impl(schema);
    let principal_impl = schema.principal().map(|field| principal_impl(schema, field));
    let lints = lints::allowed(schema);
    let allow_deprecated = schema.allows_deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #[doc = #handle_docs]
        #allow_deprecated
        #vis struct #handle {
            __view: #runtime::__private::View<#ident>,
        }

        #[doc(hidden)]
        #[allow(#lints clippy::all, clippy::pedantic, clippy::restriction)]
        const _: () = {
            use #runtime::__private as __private;

            #(#constants)*

            #[automatically_derived]
            impl #handle {
                #(#methods)*
            }

            #schema_impl

            #principal_impl

            #[automatically_derived]
            impl ::core::fmt::Debug for #handle {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    let mut debug = ::core::fmt::Formatter::debug_struct(f, #handle_name);
                    ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
                }
            }
        };
    }
}

/// The constant that describes a field to the runtime, and the function that makes its default.
///
/// What the field's type must implement is asked at the span of the type, so that rustc points
/// there.
fn constant(schema: &Schema, field: &Field) -> TokenStream {
    let Schema { ident: schema_ident, .. } = schema;
    let Field { ident, index, ty, key, aliases, .. } = field;
    let name = constant_name(field);
    let index = Literal::usize_unsuffixed(*index);
    let (default_fn, default) = match &field.default {
        Some(expr) => {
            let default = format_ident!("__default_{}", ident.unraw());
            (Some(quote!(fn #default() -> #ty { #expr })), quote!(#default))
        }
        None => (None, quote!(<#ty as __private::DefaultField>::default_value)),
    };
    let new = quote_spanned!(ty.span()=> __private::field);
    let aliases = (!aliases.is_empty()).then(|| quote!(.aliases(&[#(#aliases),*])));
    let kind = match field.kind {
        Kind::Plain => None,
        Kind::Counter => {
            let ops = quote_spanned!(ty.span()=> <#ty as __private::Counter>::OPS);
            Some(quote!(.counter(#ops)))
        }
        Kind::Flash => {
            let ops = quote_spanned!(ty.span()=> <#ty as __private::Flash>::OPS);
            Some(quote!(.flash(#ops)))
        }
        Kind::Principal => Some(quote!(.principal())),
    };
    let upgrade = field.attrs.upgrade.as_ref().map(|Upgrade { from, with, .. }| {
        let upgrade = quote!(|__text| __private::upgrade::<#from, #ty>(__text, #with));
        quote!(.upgrade::<#from>(#upgrade))
    });
    let ttl = field.attrs.ttl.as_ref().map(|Ttl { millis, .. }| {
        let millis = Literal::u64_unsuffixed(*millis);
        quote!(.ttl(#millis))
    });
    let reset = schema.reset_on_mismatch.then(|| quote!(.reset_on_mismatch()));
    quote! {
        #default_fn

        const #name: __private::Field<#schema_ident, #ty> = #new::<#schema_ident, #ty>(
            #index,
            #key,
            |__values| &__values.#ident,
            |__values| &mut __values.#ident,
            #default,
        ) #aliases #kind #upgrade #ttl #reset;
    }
}

/// The name has the index, because fields called `a_b` and `A_B` are two.
fn constant_name(field: &Field) -> Ident {
    format_ident!("__FIELD_{}_{}", field.index, field.ident.unraw().to_string().to_uppercase())
}

/// The body of an accessor: a call of the runtime's `View`.
fn body(accessor: &Accessor<'_>) -> TokenStream {
    let Accessor { field, verb, argument, returns, .. } = accessor;
    let operation = match verb {
        Verb::Get | Verb::Peek => "get",
        Verb::Set => "set",
        Verb::Update => "update",
        Verb::Clear => "clear",
        Verb::Has => "has",
        Verb::Add => "add",
        Verb::Sub => "sub",
        Verb::Flash => "flash",
        Verb::Take => "take",
        Verb::ExpiresAt => "field_expires_at",
    };
    let (span, ty, constant) = (field.span(), &field.ty, constant_name(field));
    let operation = Ident::new(operation, span);
    let argument = argument.as_ref().map(|argument| match (verb, argument.value()) {
        (Verb::Flash, message) => {
            quote_spanned!(ty.span()=> , <#ty as __private::Flash>::one(#message))
        }
        (_, value) => quote!(, #value),
    });
    let semicolon = returns.is_none().then(|| quote!(;));
    quote_spanned! {span=>
        __private::View::#operation(&self.__view, &#constant #argument) #semicolon
    }
}

fn schema_impl(schema: &Schema) -> TokenStream {
    let Schema { ident, handle, fields, .. } = schema;
    let name = ident.unraw().to_string();
    let keys = fields.iter().flat_map(|field| std::iter::once(&field.key).chain(&field.aliases));
    let constants: Vec<_> = fields.iter().map(constant_name).collect();
    let idents = fields.iter().map(|field| &field.ident);
    let principal = match schema.principal().map(|field| &field.key) {
        Some(key) => quote!(::core::option::Option::Some(#key)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #[automatically_derived]
        impl __private::SessionSchema for #ident {
            type Accessors = #handle;

            const NAME: &'static ::core::primitive::str = #name;
            const KEYS: &'static [&'static ::core::primitive::str] = &[#(#keys),*];
            const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = #principal;
            const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[#(&#constants),*];

            fn defaults() -> Self {
                Self { #(#idents: __private::Field::default_value(&#constants)),* }
            }

            fn accessors(view: __private::View<Self>) -> #handle {
                #handle { __view: view }
            }
        }
    }
}

fn principal_impl(schema: &Schema, field: &Field) -> TokenStream {
    let Schema { ident, .. } = schema;
    let Field { ty, key, .. } = field;
    // At the span of the type, so that rustc points there if it is private or no principal's type.
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
