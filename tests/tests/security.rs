//! `docs/requirements.md` names the tests that prove what it says: they exist.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

#[test]
fn every_test_that_the_requirements_name_exists() {
    let text = std::fs::read_to_string(root().join("docs/requirements.md")).unwrap();
    let tests: Vec<_> = named(&text).collect();
    assert!(tests.len() > 40, "{} tests are named", tests.len());
    let missing: Vec<_> = tests.into_iter().filter(|(file, test)| !exists(file, test)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_test_that_does_not_exist_is_found_out() {
    let text = "`tests/tests/security.rs::no_such_test`, `tests/no/file.rs::x`, `Session::id`";
    let tests: Vec<_> = named(text).collect();
    assert_eq!(tests, [("tests/tests/security", "no_such_test"), ("tests/no/file", "x")]);
    assert!(tests.iter().all(|(file, test)| !exists(file, test)));
    assert!(exists("tests/tests/security", "a_test_that_does_not_exist_is_found_out"));
}

/// File and name of each test in backticks, as in `tests/tests/security.rs::name`.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.split_once(".rs::"))
}

fn exists(file: &str, test: &str) -> bool {
    let code = std::fs::read_to_string(root().join(format!("{file}.rs")));
    code.is_ok_and(|code| code.contains(&format!("fn {test}(")))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
