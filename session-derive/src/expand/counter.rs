//! `#[session(counter)]`: the plain accessors, and sums that the store merges.

use proc_macro2::TokenStream;
use quote::quote;

use super::{attributes, constant_name, plain};
use crate::schema::{Field, Schema, Verb};

/// The plain accessors, add and sub.
pub(super) fn methods(schema: &Schema, field: &Field) -> TokenStream {
    let plain = plain::methods(schema, field);
    let add =
        sum(field, Verb::Add, &format!("Adds to `{}` and returns the new value.", field.ident));
    let sub = sum(
        field,
        Verb::Sub,
        &format!("Subtracts from `{}` and returns the new value.", field.ident),
    );
    quote!(#plain #add #sub)
}

/// `add_x(T) -> T` or `sub_x(T) -> T`
fn sum(field: &Field, verb: Verb, summary: &str) -> TokenStream {
    let Field { vis, ty, .. } = field;
    let (method, constant) = (field.method(verb), constant_name(field));
    let summary = format!("{summary} Concurrent requests' sums merge, within the type's range.");
    let attributes = attributes(field, &summary);
    let call = if verb == Verb::Add { quote!(add) } else { quote!(sub) };
    quote! {
        #attributes
        #vis fn #method(&self, amount: #ty) -> #ty {
            self.__view.#call(&#constant, amount)
        }
    }
}
