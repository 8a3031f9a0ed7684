//! What the generated code allows itself: no more than it needs, because to allow what the user's crate
//! forbids is an error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Ident, Meta};

use crate::schema::Schema;

/// The lints for the block that nobody sees.
pub(crate) fn allowed(schema: &Schema) -> TokenStream {
    let deprecated = schema.allows_deprecated.then(|| quote!(deprecated,));
    let mut names = schema.fields.iter().flat_map(|field| [&field.ident, &field.stem]);
    let non_snake_case = (!names.all(is_snake_case)).then(|| quote!(non_snake_case,));
    quote!(#deprecated dead_code, #non_snake_case)
}

/// Whether something in the struct is deprecated, or may name what is.
pub(crate) fn allows_deprecated(input: &DeriveInput) -> bool {
    let fields = match &input.data {
        Data::Struct(data) => Some(&data.fields),
        Data::Enum(_) | Data::Union(_) => None,
    };
    let of_fields = fields.into_iter().flatten().flat_map(|field| &field.attrs);
    of_fields.chain(&input.attrs).any(is_deprecated)
}

fn is_deprecated(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::List(list) if attr.path().is_ident("allow") || attr.path().is_ident("expect") => {
            let mut lints = list.tokens.clone().into_iter();
            lints.any(|token| ["deprecated", "warnings"].contains(&&*token.to_string()))
        }
        meta => meta.path().is_ident("deprecated"),
    }
}

/// Whether names are still in snake case that begin or end with this one and an underscore.
fn is_snake_case(name: &Ident) -> bool {
    let name = format!("_{}_", name.unraw());
    !name.contains("__") && !name.contains(char::is_uppercase)
}
