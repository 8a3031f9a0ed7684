//! `cargo xtask test`: everything that `cargo test` can run.

use std::process::{Command, Stdio};

use crate::Outcome;
use crate::servers;
use crate::step::{Step, target};

/// The file with the results, for other tools.
const RESULTS: &str = "xtask/test-results";

/// Starts the servers, runs the tests, and stops the servers.
pub(crate) fn run(args: &[String]) -> Outcome {
    check_compiler()?;
    let (without, args) = left_out(args)?;
    let servers = servers::start(&without)?;
    // One build: the features of all packages unify, and every test sees the library with all of
    // them. `cargo xtask lint` checks that each feature compiles by itself.
    let all = ["test", "--workspace", "--all-features", "--no-fail-fast"].map(str::to_owned);
    let mut step = Step::cargo("unit tests, integration tests, doctests", all.iter().chain(args));
    for (name, value) in servers.environment() {
        step = step.env(name, value);
    }
    let (outcome, output) = step.run_and_read();
    let results = Results::read(&output).to_string();
    eprintln!("\n=== results\n{results}");
    let file = target().join(RESULTS);
    let kept = file
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&file, results));
    outcome.and(kept.map_err(|error| format!("{}: {error}", file.display())))
}

/// The servers that `--without postgres,mongodb` leaves out, and the other arguments.
fn left_out(args: &[String]) -> Result<(String, &[String]), String> {
    match args {
        [flag, names, rest @ ..] if flag == "--without" => Ok((names.clone(), rest)),
        [flag] if flag == "--without" => Err("`--without` needs names".to_owned()),
        _ => Ok((String::new(), args)),
    }
}

/// Checks that there is a C compiler, because building SQLite needs one.
fn check_compiler() -> Outcome {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let answers = words.next().is_some_and(|program| {
        let mut command = Command::new(program);
        command.args(words).arg("--version").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    match answers {
        true => Ok(()),
        false => Err(format!(
            "the C compiler `{compiler}`, which SQLite is built with, does not run; \
             on Debian: `apt-get install gcc libc6-dev`"
        )),
    }
}

/// The summaries that the test programs printed, their sum, and the failed tests.
struct Results {
    lines: Vec<String>,
    failures: Vec<String>,
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Results {
    fn read(output: &str) -> Self {
        let (lines, failures) = (Vec::new(), Vec::new());
        let mut results = Self { lines, failures, passed: 0, failed: 0, ignored: 0 };
        let failed = |line: &&str| line.starts_with("test ") && line.ends_with(" ... FAILED");
        results.failures = output.lines().filter(failed).map(str::to_owned).collect();
        for line in output.lines().filter(|line| line.starts_with("test result: ")) {
            results.passed += number_before(line, " passed");
            results.failed += number_before(line, " failed");
            results.ignored += number_before(line, " ignored");
            // Programs without tests are left out.
            if !line.contains("ok. 0 passed; 0 failed; 0 ignored") {
                results.lines.push(line.to_owned());
            }
        }
        results
    }
}

impl std::fmt::Display for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.lines.iter().chain(&self.failures) {
            writeln!(f, "{line}")?;
        }
        let Self { passed, failed, ignored, .. } = self;
        if passed + failed == 0 {
            return writeln!(f, "all tests: none ran");
        }
        writeln!(f, "all tests: {passed} passed; {failed} failed; {ignored} ignored")
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let before = line.split(word).next().unwrap_or_default();
    let digits = before.rsplit(' ').next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_the_summaries_up() {
        let output = "running 2 tests\n\
            test a ... FAILED\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 30 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s\n";
        let results = Results::read(output);
        assert_eq!((results.passed, results.failed, results.ignored), (32, 1, 1));
        assert_eq!(results.lines.len(), 2);
        assert_eq!(results.failures, ["test a ... FAILED"]);
    }
}
