//! Fields without a kind of their own: get, set, update, clear, has.

use proc_macro2::TokenStream;
use quote::quote;

use super::{attributes, constant_name};
use crate::schema::{Field, Schema, Verb};

/// All five accessors.
pub(super) fn methods(schema: &Schema, field: &Field) -> TokenStream {
    let (get, set, update) = (get(schema, field), set(schema, field), update(schema, field));
    let (clear, has) = (clear(schema, field), has(schema, field));
    quote!(#get #set #update #clear #has)
}

/// `x() -> T`
pub(super) fn get(_: &Schema, field: &Field) -> TokenStream {
    let Field { ident, vis, ty, .. } = field;
    let (method, constant) = (field.method(Verb::Get), constant_name(field));
    let attributes = attributes(field, &format!("The value of `{ident}`."));
    quote! {
        #attributes
        #[must_use]
        #vis fn #method(&self) -> #ty {
            self.__view.get(&#constant)
        }
    }
}

/// `set_x(T)`
pub(super) fn set(_: &Schema, field: &Field) -> TokenStream {
    let Field { ident, vis, ty, .. } = field;
    let (method, constant) = (field.method(Verb::Set), constant_name(field));
    let attributes = attributes(field, &format!("Sets `{ident}`."));
    let (argument, value) = if field.into {
        (quote!(impl ::core::convert::Into<#ty>), quote!(::core::convert::Into::into(value)))
    } else {
        (quote!(#ty), quote!(value))
    };
    quote! {
        #attributes
        #vis fn #method(&self, value: #argument) {
            self.__view.set(&#constant, #value)
        }
    }
}

/// `update_x(impl Fn(&mut T)) -> T`
fn update(_: &Schema, field: &Field) -> TokenStream {
    let Field { ident, vis, ty, .. } = field;
    let (method, constant) = (field.method(Verb::Update), constant_name(field));
    let summary = format!(
        "Rewrites `{ident}` with `step` and returns the new value; `step` runs again if another \
         request changed it meanwhile.",
    );
    let attributes = attributes(field, &summary);
    quote! {
        #attributes
        #vis fn #method(
            &self,
            step: impl ::core::ops::Fn(&mut #ty)
                + ::core::marker::Send
                + ::core::marker::Sync
                + 'static,
        ) -> #ty {
            self.__view.update(&#constant, step)
        }
    }
}

/// `clear_x()`
pub(super) fn clear(_: &Schema, field: &Field) -> TokenStream {
    let Field { ident, vis, .. } = field;
    let (method, constant) = (field.method(Verb::Clear), constant_name(field));
    let summary = format!("Removes `{ident}` from the session: it reads as its default again.");
    let attributes = attributes(field, &summary);
    quote! {
        #attributes
        #vis fn #method(&self) {
            self.__view.clear(&#constant)
        }
    }
}

/// `has_x() -> bool`
pub(super) fn has(_: &Schema, field: &Field) -> TokenStream {
    let Field { ident, vis, .. } = field;
    let (method, constant) = (field.method(Verb::Has), constant_name(field));
    let attributes = attributes(field, &format!("Whether the session holds a value of `{ident}`."));
    quote! {
        #attributes
        #[must_use]
        #vis fn #method(&self) -> ::core::primitive::bool {
            self.__view.has(&#constant)
        }
    }
}
