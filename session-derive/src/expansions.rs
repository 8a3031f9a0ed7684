//! The generated code as files to read: one for each kind of field, and for each attribute that
//! changes the code.
//!
//! `EXPANSIONS=overwrite cargo test -p session-derive` writes the files. Read each of them before
//! you commit it: it should look like code that a person wrote.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{DeriveInput, Expr, ImplItem, Item, Stmt};

use crate::errors::Errors;
use crate::schema::Schema;
use crate::{expand, fallback};

/// The inputs, `tests/expansions/<name>.rs`. Their expansions are next to them, in
/// `<name>.expanded.rs`.
fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expansions");
    let files = fs::read_dir(folder).expect("the folder of the expansions");
    let mut inputs: Vec<PathBuf> = files
        .map(|file| file.expect("a file that can be listed").path())
        .filter(|path| !path.to_string_lossy().ends_with(".expanded.rs"))
        .collect();
    inputs.sort();
    inputs
}

fn expansion(input: &str) -> String {
    let input: DeriveInput = syn::parse_str(input).expect("a struct");
    let file = syn::parse2(crate::derive(&input)).expect("items");
    prettyplease::unparse(&file)
}

#[test]
fn expansions_are_as_written_down() {
    let overwrite = std::env::var("EXPANSIONS").is_ok_and(|value| value == "overwrite");
    let mut different = Vec::new();
    for input in inputs() {
        let expanded = expansion(&fs::read_to_string(&input).expect("a text file"));
        let path = input.with_extension("expanded.rs");
        if fs::read_to_string(&path).is_ok_and(|written| written == expanded) {
            continue;
        }
        if overwrite {
            fs::write(&path, &expanded).expect("a folder that can be written");
        } else {
            different.push(format!("{} is not\n{expanded}", path.display()));
        }
    }
    let help = "EXPANSIONS=overwrite cargo test -p session-derive";
    assert!(different.is_empty(), "{}\nTo accept: {help}", different.join("\n"));
}

#[test]
fn stubs_after_a_mistake_have_the_same_signatures() {
    for path in inputs() {
        let input = fs::read_to_string(&path).expect("a text file");
        let input: DeriveInput = syn::parse_str(&input).expect("a struct");
        let errors = Errors::default();
        let schema = Schema::parse(&input, &errors);
        if errors.len() > 0 {
            continue;
        }
        let accessors = signatures(expand::expand(&schema));
        assert!(!accessors.is_empty(), "{} has no accessors", path.display());
        assert_eq!(signatures(fallback::expand(&schema)), accessors, "{}", path.display());
    }
}

/// The accessors in generated code, with their attributes but without their bodies.
fn signatures(code: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(code).expect("items");
    let blocks = file.items.into_iter().filter_map(|item| match item {
        Item::Const(item) => Some(*item.expr),
        _ => None,
    });
    let statements = blocks.flat_map(|block| match block {
        Expr::Block(block) => block.block.stmts,
        _ => Vec::new(),
    });
    let items = statements.flat_map(|statement| match statement {
        Stmt::Item(Item::Impl(item)) if item.trait_.is_none() => item.items,
        _ => Vec::new(),
    });
    let accessors = items.filter_map(|item| match item {
        ImplItem::Fn(mut accessor) => {
            accessor.block.stmts.clear();
            Some(accessor.to_token_stream().to_string())
        }
        _ => None,
    });
    accessors.collect()
}

/// The time to compile a schema grows with this number.
#[test]
fn a_field_expands_to_little_code() {
    for (kind, ty, limit) in [
        ("", "Option<String>", 450),
        ("#[session(counter)]", "u64", 600),
        ("#[session(flash)]", "Option<String>", 400),
    ] {
        let schema = |fields: usize| {
            let fields: Vec<_> =
                (0..fields).map(|index| format!("{kind} field_{index}: {ty},")).collect();
            let input = format!("struct Visit {{ {} }}", fields.join("\n"));
            let input: DeriveInput = syn::parse_str(&input).expect("a struct");
            count(crate::derive(&input))
        };
        let tokens = (schema(51) - schema(1)) / 50;
        println!("{kind} {ty}: {tokens} tokens a field");
        assert!(tokens <= limit, "{kind} {ty}: {tokens} tokens a field, the limit is {limit}");
    }
}

fn count(tokens: TokenStream) -> usize {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => 2 + count(group.stream()),
            _ => 1,
        })
        .sum()
}
