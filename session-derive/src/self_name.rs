//! Replaces `Self` by the name of the struct: generated code repeats types and expressions of the
//! user where `Self` means the handle.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Ident;
use syn::parse::Parse;

/// The same part of the syntax, with `Self` replaced.
pub(crate) fn replace_in<T: Parse + ToTokens + Clone>(part: &T, name: &Ident) -> T {
    let tokens = part.to_token_stream();
    if !mentions_self(tokens.clone()) {
        return part.clone();
    }
    syn::parse2(replace(tokens, name)).unwrap_or_else(|_| part.clone())
}

/// The same tokens, with `Self` replaced.
pub(crate) fn replace(tokens: TokenStream, name: &Ident) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let mut name = name.clone();
                name.set_span(ident.span());
                TokenTree::Ident(name)
            }
            TokenTree::Group(group) => {
                let mut replaced = Group::new(group.delimiter(), replace(group.stream(), name));
                replaced.set_span(group.span());
                TokenTree::Group(replaced)
            }
            token => token,
        })
        .collect()
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}
