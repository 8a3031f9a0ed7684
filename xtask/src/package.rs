//! `cargo xtask package`: what crates.io would be sent.

use crate::Outcome;
use crate::step::Step;

/// Packages the derive as for publishing, then both crates together: the library depends on just
/// that version of the derive, which may not be on crates.io yet. The command depends on the library
/// in the same way. It is not built here: it would build the clients of all stores once more.
pub(crate) fn run() -> Outcome {
    let derive = ["publish", "--dry-run", "--package", "session-derive"];
    Step::cargo("publish the derive, dry", derive.iter().chain(dirty())).run()?;
    let both = ["package", "--package", "session-derive", "--package", "session-runtime"];
    Step::cargo("package the library", both.iter().chain(dirty())).run()?;
    let command = ["--package", "session-admin", "--no-verify"];
    Step::cargo("package the command", both.iter().chain(&command).chain(dirty())).run()
}

/// CI packages what is committed; at home it may be work in progress.
fn dirty() -> &'static [&'static str] {
    match std::env::var_os("CI") {
        Some(_) => &[],
        None => &["--allow-dirty"],
    }
}
