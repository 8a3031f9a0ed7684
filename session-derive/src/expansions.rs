//! The code that is generated for each kind of field and each attribute that changes it, as files to read.
//!
//! `EXPANSIONS=overwrite cargo test -p session-derive` writes them anew; read every one of them as code that
//! a person would write before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use syn::DeriveInput;

/// The inputs, `tests/expansions/<name>.rs`; their expansions are `<name>.expanded.rs` beside them.
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

fn expand(input: &str) -> String {
    let input: DeriveInput = syn::parse_str(input).expect("a struct");
    let file = syn::parse2(crate::derive(&input)).expect("items");
    prettyplease::unparse(&file)
}

#[test]
fn expansions_are_as_written_down() {
    let overwrite = std::env::var("EXPANSIONS").is_ok_and(|value| value == "overwrite");
    let mut different = Vec::new();
    for input in inputs() {
        let expanded = expand(&fs::read_to_string(&input).expect("a text file"));
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

/// What fifty fields cost the compiler is in proportion to this.
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
        let each = (schema(51) - schema(1)) / 50;
        println!("{kind} {ty}: {each} tokens a field");
        assert!(each <= limit, "{kind} {ty}: {each} tokens a field, the limit is {limit}");
    }
}

fn count(tokens: proc_macro2::TokenStream) -> usize {
    tokens
        .into_iter()
        .map(|token| match token {
            proc_macro2::TokenTree::Group(group) => 2 + count(group.stream()),
            _ => 1,
        })
        .sum()
}
