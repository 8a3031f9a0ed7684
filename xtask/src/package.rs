//! `cargo xtask package`: what crates.io would be sent.

use crate::Outcome;
use crate::step::Step;

/// Packages the derive as for publishing, then all crates together: the library depends on just
/// that version of the derive, and the command on that of the library, which may not be on crates.io
/// yet.
pub(crate) fn run() -> Outcome {
    let derive = ["publish", "--dry-run", "--package", "session-derive"];
    Step::cargo("publish the derive, dry", derive.iter().chain(dirty())).run()?;
    let all = ["session-derive", "session-runtime", "session-admin"];
    let all = all.iter().flat_map(|name| ["--package", *name]);
    let all = std::iter::once("package").chain(all).chain(dirty().iter().copied());
    Step::cargo("package the library and the command", all).run()
}

/// CI packages what is committed; at home it may be work in progress.
fn dirty() -> &'static [&'static str] {
    match std::env::var_os("CI") {
        Some(_) => &[],
        None => &["--allow-dirty"],
    }
}
