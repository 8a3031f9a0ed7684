//! `cargo xtask bench`: figures for `BENCHMARKS.md`.

use crate::Outcome;
use crate::step::Step;

/// Builds and runs the runner, which builds the applications that it measures.
pub(crate) fn run(args: &[String]) -> Outcome {
    let run = ["run", "--release", "--package", "benches", "--"].map(str::to_owned);
    Step::cargo("measure", run.iter().chain(args)).run()
}
