use super::modules::{Module, module};
use super::{faults, imports, modules};
use crate::step::root;

fn check(files: &[(&str, &str)]) -> Vec<String> {
    let file = |(file, source): &(&str, &str)| module((*file).to_owned(), (*source).to_owned());
    let modules: Vec<Module> = files.iter().filter_map(file).collect();
    faults(&modules, &imports(&modules).unwrap()).unwrap()
}

const BASE: &[(&str, &str)] = &[
    ("lib.rs", ""),
    ("error.rs", ""),
    ("record.rs", ""),
    ("crypto/mod.rs", ""),
    ("cookie/mod.rs", ""),
    ("cookie/read.rs", ""),
    ("store/mod.rs", ""),
];

fn with(file: &str, source: &str) -> Vec<String> {
    let mut files = BASE.to_vec();
    files.retain(|(name, _)| *name != file);
    files.push((file, source));
    check(&files)
}

#[test]
fn an_import_that_goes_down_is_fine() {
    let source = "use std::fmt;\nuse crate::{error::A, record::{B, C as D}};\nuse self::read;";
    assert_eq!(with("cookie/mod.rs", source), [""; 0]);
}

#[test]
fn every_way_to_write_an_import_that_goes_up_is_found() {
    for source in [
        "use crate::cookie::read::X;",
        "use crate::{error::A, cookie::{self, X}};",
        "pub(crate) use super::cookie::X as Y;",
        "fn f() { g(crate::cookie::X::new()) }",
        "macro_rules! m { () => { $crate::cookie::X } }",
        "mod inner { use super::super::cookie::X; }",
        "use crate::Session;",
    ] {
        let faults = with("record.rs", source);
        assert_eq!(faults.len(), 1, "{source}: {faults:?}");
        assert!(faults[0].starts_with("up: record.rs:1: `record` names `"), "{faults:?}");
    }
}

#[test]
fn tests_and_documentation_may_name_everything() {
    for source in [
        "#[cfg(test)]\nmod tests { use crate::cookie::X; }",
        "#[cfg(test)]\nuse crate::cookie::X;",
        "/// See [`X`](crate::cookie::X).\n/// use crate::cookie::X;\nstruct A;",
        "pub(in crate::cookie) struct A;",
        "#[macro_export]\nmacro_rules! m { () => { $crate::cookie::X } }",
    ] {
        assert_eq!(with("record.rs", source), [""; 0], "{source}");
    }
    assert_eq!(with("store/tests.rs", "use crate::cookie::X;"), [""; 0]);
}

#[test]
fn a_cycle_on_one_floor_is_found() {
    let mut files = BASE.to_vec();
    files.push(("crypto/ids.rs", "use crate::cookie::read::X;"));
    assert_eq!(check(&files), [""; 0]);
    files.retain(|(name, _)| *name != "cookie/read.rs");
    files.push(("cookie/read.rs", "\nuse crate::crypto::Y;"));
    let faults = check(&files);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("cookie/read.rs:2") && faults[0].contains("crypto/ids.rs:1"));
}

#[test]
fn a_folder_without_a_floor_is_an_error() {
    let modules = [module("attic/mod.rs".to_owned(), String::new()).unwrap()];
    assert!(faults(&modules, &[]).unwrap_err().contains("`attic`"));
}

/// Turning one import of the real sources round fails.
#[test]
fn the_sources_would_not_pass_with_one_import_more() {
    let mut modules = modules::read(&root().join("session-runtime/src")).unwrap();
    let before = faults(&modules, &imports(&modules).unwrap()).unwrap();
    assert_eq!(before, [""; 0]);
    let handle = modules.iter().find(|module| module.file == "request/handle.rs").unwrap();
    assert!(handle.source.contains("use crate::id::StoreKey;"));
    let id = modules.iter_mut().find(|module| module.file == "id.rs").unwrap();
    id.source.push_str("use crate::request::SessionHandle;\n");
    let after = faults(&modules, &imports(&modules).unwrap()).unwrap();
    assert!(after.iter().any(|fault| fault.starts_with("up: id.rs:")), "{after:?}");
}
