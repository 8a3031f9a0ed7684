//! The lints that the generated code allows: only those that it needs, because allowing a lint that
//! the user's crate forbids is an error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Ident, Meta};

use crate::schema::Schema;

/// The lints that the generated block allows.
pub(crate) fn allowed(schema: &Schema) -> TokenStream {
    let deprecated = schema.allows_deprecated.then(|| quote!(deprecated,));
    let mut names = schema.fields.iter().flat_map(|field| [&field.ident, &field.stem]);
    let non_snake_case = (!names.all(keeps_snake_case)).then(|| quote!(non_snake_case,));
    quote!(#deprecated dead_code, #non_snake_case)
}

/// Whether something in the struct is deprecated, or allows the use of something that is.
pub(crate) fn must_allow_deprecated(input: &DeriveInput) -> bool {
    let fields = match &input.data {
        Data::Struct(data) => Some(&data.fields),
        Data::Enum(_) | Data::Union(_) => None,
    };
    let of_fields = fields.into_iter().flatten().flat_map(|field| &field.attrs);
    of_fields.chain(&input.attrs).any(concerns_deprecation)
}

/// Whether this is `#[deprecated]`, or allows or expects its lint.
fn concerns_deprecation(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::List(list) if attr.path().is_ident("allow") || attr.path().is_ident("expect") => {
            let mut lints = list.tokens.clone().into_iter();
            lints.any(|token| ["deprecated", "warnings"].contains(&&*token.to_string()))
        }
        meta => meta.path().is_ident("deprecated"),
    }
}

/// Whether every name that is made from `name` is in snake case, such as `set_name` and
/// `name_expires_at`.
fn keeps_snake_case(name: &Ident) -> bool {
    // `_theme` does not: `set__theme` has two underscores in a row.
    let between_words = format!("_{}_", name.unraw());
    !between_words.contains("__") && !between_words.contains(char::is_uppercase)
}
