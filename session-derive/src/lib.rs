//! The derive macro of `session-runtime`.

mod attr;
mod case;
mod ctxt;
mod expand;
mod fallback;
mod schema;
mod suggest;
mod valid;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::ctxt::Ctxt;
use crate::schema::Schema;

/// Turns a struct into a session schema.
#[proc_macro_derive(SessionSchema, attributes(session))]
pub fn derive_session_schema(input: TokenStream) -> TokenStream {
    derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Parse, validate, expand: an expansion is made only of a schema without mistakes, so it cannot fail.
fn derive(input: &DeriveInput) -> proc_macro2::TokenStream {
    let ctxt = Ctxt::default();
    let schema = Schema::parse(input, &ctxt);
    if let Some(schema) = &schema {
        valid::check(schema, &ctxt);
    }
    match (ctxt.check(), schema) {
        (Ok(()), Some(schema)) => expand::expand(&schema),
        (Ok(()), None) => unreachable!("no schema without an error"),
        (Err(errors), schema) => {
            let errors = errors.to_compile_error();
            // With parameters the stubs would raise errors of their own.
            let stubs = schema.filter(|schema| !schema.generic);
            let stubs = stubs.map(|schema| fallback::expand(&schema));
            quote::quote!(#errors #stubs)
        }
    }
}
