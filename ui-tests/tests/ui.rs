//! Code that must compile, and the messages when it does not.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests` writes the expected messages anew; read every one of them
//! as a user would before it is committed. They belong to the toolchain named in `Cargo.toml`.

#[test]
fn pass() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}
