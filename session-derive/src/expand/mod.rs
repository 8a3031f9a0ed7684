//! The generated code: a handle with accessors, and the schema's traits.

mod counter;
mod flash;
mod plain;
mod principal;
mod ttl;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::attr::{Ttl, Upgrade};
use crate::lints;
use crate::schema::{Field, Kind, Schema, Verb};

/// The code for a schema without mistakes.
///
/// The handle alone is named in the user's module. Everything else stands in a block of its own, where
/// `__private` is the runtime and all other names of ours begin with two underscores as well: a field's
/// type or default may mention any name of the user's. Methods are called by their paths, because one of
/// a trait of the user's that takes `self` would be found before ours.
pub(crate) fn expand(schema: &Schema) -> TokenStream {
    let Schema { ident, vis, accessors, krate, .. } = schema;
    let handle_docs =
        format!(" The accessors of [`{ident}`]: what a `Session<{ident}>` dereferences to.");
    let handle_name = accessors.unraw().to_string();
    let constants = schema.fields.iter().map(|field| constant(schema, field));
    let methods = schema.fields.iter().map(methods);
    let schema_impl = schema_impl(schema);
    let lints = lints::allowed(schema);
    let allow_deprecated = schema.allows_deprecated.then(|| quote!(#[allow(deprecated)]));
    let principal_impl = schema.principal().map(|field| principal::schema_impl(schema, field));
    quote! {
        #[doc = #handle_docs]
        #allow_deprecated
        #vis struct #accessors {
            __view: #krate::__private::View<#ident>,
        }

        #[doc(hidden)]
        #[allow(#lints clippy::all, clippy::pedantic, clippy::restriction)]
        const _: () = {
            use #krate::__private as __private;

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
                    let mut debug = ::core::fmt::Formatter::debug_struct(f, #handle_name);
                    ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
                }
            }
        };
    }
}

/// The constant that says where a field is kept, and the function that makes its default.
///
/// Everything that asks something of the field's type asks at the type's place.
fn constant(schema: &Schema, field: &Field) -> TokenStream {
    let Schema { ident: schema_ident, .. } = schema;
    let Field { ident, index, ty, key, aliases, .. } = field;
    let (name, default_name) = (constant_name(field), default_name(field));
    let index = Literal::usize_unsuffixed(*index);
    // The type's own default needs no function around it.
    let (default_fn, default) = match &field.default {
        Some(expr) => (Some(quote!(fn #default_name() -> #ty { #expr })), quote!(#default_name)),
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
    let upgrade = field.attrs.upgrade.as_ref().map(
        |Upgrade { from, with, .. }| quote!(.upgrade::<#from>(|__text| __private::upgrade::<#from, #ty>(__text, #with))),
    );
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

/// The index keeps `a_b` and `A_b` apart.
fn constant_name(field: &Field) -> Ident {
    format_ident!("__FIELD_{}_{}", field.index, field.ident.unraw().to_string().to_uppercase())
}

fn default_name(field: &Field) -> Ident {
    format_ident!("__default_{}", field.ident.unraw())
}

fn methods(field: &Field) -> TokenStream {
    let methods = match field.kind {
        Kind::Plain => plain::methods(field),
        Kind::Counter => counter::methods(field),
        Kind::Flash => flash::methods(field),
        Kind::Principal => principal::methods(field),
    };
    let expires_at = field.attrs.ttl.as_ref().map(|_| ttl::expires_at(field));
    quote!(#methods #expires_at)
}

fn schema_impl(schema: &Schema) -> TokenStream {
    let Schema { ident, accessors, fields, .. } = schema;
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
            type Accessors = #accessors;

            const NAME: &'static ::core::primitive::str = #name;
            const KEYS: &'static [&'static ::core::primitive::str] = &[#(#keys),*];
            const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = #principal;
            const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[#(&#constants),*];

            fn defaults() -> Self {
                Self { #(#idents: __private::Field::default_value(&#constants)),* }
            }

            fn accessors(view: __private::View<Self>) -> #accessors {
                #accessors { __view: view }
            }
        }
    }
}

/// One accessor, for the files of the kinds of fields to fill in.
struct Accessor<'a> {
    field: &'a Field,
    verb: Verb,
    /// The first line of its documentation.
    summary: String,
}

impl<'a> Accessor<'a> {
    fn new(field: &'a Field, verb: Verb, summary: impl Into<String>) -> Self {
        Self { field, verb, summary: summary.into() }
    }

    /// The accessor with the field's documentation, visibility and deprecation; `signature` is what
    /// comes after the name. All of it has the span of the field, so that rustc and editors show the
    /// field as its definition.
    fn build(self, signature: &TokenStream, body: &TokenStream) -> TokenStream {
        let Field { vis, docs, deprecated, .. } = self.field;
        let method = self.field.method(self.verb);
        // Indented as the field's own lines are.
        let summary = format!(" {}", self.summary);
        let blank = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
        let must_use = self.verb.only_reads().then(|| quote!(#[must_use]));
        let function = quote_spanned!(self.field.span()=> #vis fn #method #signature { #body });
        quote! {
            #[doc = #summary]
            #blank
            #(#docs)*
            #deprecated
            #must_use
            #function
        }
    }
}
