//! `SECURITY.md` names the tests that prove what it says: they exist.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

#[test]
fn every_test_that_security_md_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let mut named = 0;
    for (file, test) in quoted.filter_map(|quoted| quoted.split_once(".rs::")) {
        let code = std::fs::read_to_string(root.join(format!("{file}.rs")))
            .unwrap_or_else(|error| panic!("{file}.rs: {error}"));
        assert!(code.contains(&format!("fn {test}(")), "{file}.rs has no `{test}`");
        named += 1;
    }
    assert!(named > 40, "{named} tests are named");
}
