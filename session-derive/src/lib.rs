//! The derive macro of `session-runtime`.
use proc_macro::TokenStream;

/// Turns a struct into a session schema.
#[proc_macro_derive(SessionSchema, attributes(session))]
pub fn derive_session_schema(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
