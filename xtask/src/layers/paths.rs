//! The paths in the source of a module that lead to other modules of its crate.

use std::iter::Peekable;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree, token_stream};

use super::modules::Module;

/// A path from the root of the crate.
#[derive(Debug)]
pub(super) struct CratePath {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// Every path to the module's crate, outside of tests and documentation.
pub(super) fn read(module: &Module) -> Result<Vec<CratePath>, String> {
    let tokens: TokenStream =
        module.source.parse().map_err(|error| format!("{}: {error}", module.file))?;
    let mut reader = Reader { found: Vec::new() };
    reader.read(tokens, &module.path);
    Ok(reader.found)
}

type Tokens = Peekable<token_stream::IntoIter>;

struct Reader {
    found: Vec<CratePath>,
}

impl Reader {
    /// Reads the tokens of `module`.
    fn read(&mut self, tokens: TokenStream, module: &[String]) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' && is_skipped(&mut tokens) => {
                    skip_item(&mut tokens);
                }
                TokenTree::Ident(ident) if ident == "pub" => {
                    // `pub(in crate::a)` is no import.
                    tokens.next_if(|token| group(token, Delimiter::Parenthesis).is_some());
                }
                TokenTree::Ident(ident) if ident == "mod" => {
                    let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                    let body = tokens.next_if(|token| group(token, Delimiter::Brace).is_some());
                    if let Some(TokenTree::Group(body)) = body {
                        self.read(body.stream(), &[module, &[name]].concat());
                    }
                }
                TokenTree::Ident(ident) if ident == "use" => {
                    let line = ident.span().start().line;
                    let is_end = |token: &TokenTree| token.to_string() == ";";
                    let mut tree = Vec::new();
                    while let Some(token) = tokens.next_if(|token| !is_end(token)) {
                        tree.push(token);
                    }
                    let tree = tree.into_iter().collect();
                    for path in expand_use(Vec::new(), tree) {
                        self.push(&path, module, line);
                    }
                }
                TokenTree::Ident(ident)
                    if ident == "crate" || ident == "super" || ident == "self" =>
                {
                    let line = ident.span().start().line;
                    let mut path = vec![ident.to_string()];
                    while skip_colons(&mut tokens) {
                        let segment = tokens.next_if(|token| matches!(token, TokenTree::Ident(_)));
                        path.extend(segment.map(|segment| segment.to_string()));
                    }
                    if path.len() > 1 {
                        self.push(&path, module, line);
                    }
                }
                TokenTree::Group(group) => self.read(group.stream(), module),
                _ => {}
            }
        }
    }

    /// Notes a path that is written in `module`, if it leads into the crate.
    fn push(&mut self, path: &[String], module: &[String], line: usize) {
        let mut segments = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => module.to_vec(),
            _ => return,
        };
        for segment in path {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(segments.pop()),
                name => segments.push(name.to_owned()),
            }
        }
        self.found.push(CratePath { segments, line });
    }
}

/// Reads an attribute. Whether the item behind it is no part of the library: a test, or a macro
/// whose paths are those of its users.
fn is_skipped(tokens: &mut Tokens) -> bool {
    // The `!` of an inner attribute.
    tokens.next_if(|token| token.to_string() == "!");
    let Some(token) = tokens.next_if(|token| group(token, Delimiter::Bracket).is_some()) else {
        return false;
    };
    let attribute = token.to_string().replace(' ', "");
    attribute == "[cfg(test)]" || attribute == "[macro_export]"
}

/// Skips the rest of an item: up to its `;` or its block.
fn skip_item(tokens: &mut Tokens) {
    for token in tokens {
        if token.to_string() == ";" || group(&token, Delimiter::Brace).is_some() {
            return;
        }
    }
}

/// The paths of a `use` tree.
fn expand_use(mut prefix: Vec<String>, tree: TokenStream) -> Vec<Vec<String>> {
    for token in tree {
        match token {
            TokenTree::Ident(ident) if ident == "as" => break,
            TokenTree::Ident(ident) => prefix.push(ident.to_string()),
            TokenTree::Group(group) => {
                let branches = branches(group.stream());
                return branches.flat_map(|tree| expand_use(prefix.clone(), tree)).collect();
            }
            _ => {}
        }
    }
    vec![prefix]
}

/// The parts between the commas.
fn branches(list: TokenStream) -> impl Iterator<Item = TokenStream> {
    let mut parts = vec![Vec::new()];
    for token in list {
        match token.to_string() == "," {
            true => parts.push(Vec::new()),
            // The list has a part from the beginning.
            false => parts.last_mut().into_iter().for_each(|part| part.push(token.clone())),
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| part.into_iter().collect())
}

fn skip_colons(tokens: &mut Tokens) -> bool {
    let is_colon = |token: &TokenTree| token.to_string() == ":";
    tokens.next_if(is_colon).is_some() && tokens.next_if(is_colon).is_some()
}

fn group(token: &TokenTree, delimiter: Delimiter) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}
