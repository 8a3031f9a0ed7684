//! `#[session(ttl = "..")]`: one more accessor, whatever the kind of the field.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{Accessor, constant_name};
use crate::schema::{Field, Verb};

/// `x_expires_at() -> Option<Timestamp>`
pub(super) fn expires_at(field: &Field) -> TokenStream {
    let (Field { ident, .. }, constant) = (field, constant_name(field));
    let span = field.span();
    let summary = format!(
        "When `{ident}` will be absent if it is not written again; `None` if it is absent, or ends \
         with the session."
    );
    Accessor::new(field, Verb::ExpiresAt, summary).build(
        &quote_spanned!(span=> (&self) -> ::core::option::Option<__private::Timestamp>),
        &quote_spanned!(span=> __private::View::field_expires_at(&self.__view, &#constant)),
    )
}
