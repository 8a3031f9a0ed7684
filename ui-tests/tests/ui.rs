//! Code that must compile, and the messages for code that must not.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests` writes the expected messages. Read each of them as a
//! user would before you commit it. They are those of the toolchain in the workspace's
//! `Cargo.toml`.

#[test]
fn pass() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}
