//! After a mistake: accessors that do nothing, so that the places of use raise no errors of their own.

use proc_macro2::TokenStream;

use crate::schema::Schema;

/// The stubs.
pub(crate) fn expand(_schema: &Schema) -> TokenStream {
    TokenStream::new()
}
