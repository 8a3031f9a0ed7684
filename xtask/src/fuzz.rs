//! `cargo xtask fuzz`: every target of `fuzz/` for a minute, two at a time.
//!
//! The library has no `unsafe` code that a sanitizer would check. Without a sanitizer the stable
//! compiler is enough.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::Outcome;
use crate::step::{Step, root, target};

/// The version that the targets were built with.
const CARGO_FUZZ: &str = "0.13.2";

/// The seconds for each target.
const SECONDS: u64 = 60;

/// How many targets run at the same time.
const AT_ONCE: usize = 2;

/// `[SECONDS]`: how long each target runs.
pub(crate) fn run(args: &[String]) -> Outcome {
    let seconds = match args {
        [] => SECONDS,
        [seconds] => seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?,
        [_, more, ..] => return Err(format!("unexpected argument `{more}`")),
    };
    // cargo-fuzz would update the lock file without a word.
    let manifest = folder().join("Cargo.toml").display().to_string();
    let fetch = ["fetch", "--locked", "--manifest-path", &manifest];
    Step::cargo("the lock file of the fuzz targets", fetch).run()?;
    let Some(cargo_fuzz) = cargo_fuzz() else {
        println!("=== fuzzing LEFT OUT: cargo-fuzz is not here and cannot be installed");
        return Ok(());
    };
    let build = cargo_fuzz_command(&cargo_fuzz, "build");
    Step::new("build the fuzz targets", build).run()?;

    let targets = targets()?;
    println!("=== {} fuzz targets, {seconds} s each: {}", targets.len(), targets.join(", "));
    let waiting = Mutex::new(targets.iter());
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some(name) = next(&waiting) {
            if let Err(failure) = fuzz(&cargo_fuzz, name, seconds) {
                failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n       ")) }
}

/// The path of cargo-fuzz. If it is missing, it is installed below the target folder.
fn cargo_fuzz() -> Option<PathBuf> {
    let folder = target().join("xtask/tools");
    let program = folder.join("bin/cargo-fuzz");
    if !program.exists() {
        let folder = folder.display().to_string();
        let install =
            ["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ, "--root", &folder];
        if let Err(failure) = Step::cargo("install cargo-fuzz", install).run() {
            println!("{failure}");
        }
    }
    program.exists().then_some(program)
}

fn cargo_fuzz_command(cargo_fuzz: &Path, verb: &str) -> Command {
    let mut command = Command::new(cargo_fuzz);
    command.args([verb, "--sanitizer", "none", "--fuzz-dir"]).arg(folder());
    command.arg("--target-dir").arg(target().join("fuzz"));
    command
}

/// Runs one target. New inputs are kept for the next run; the seeds do not change.
fn fuzz(cargo_fuzz: &Path, name: &str, seconds: u64) -> Outcome {
    let fault = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let corpus = target().join("fuzz/corpus").join(name);
    fs::create_dir_all(&corpus).map_err(|error| fault(&corpus, error))?;
    let log = target().join("fuzz").join(name).with_extension("log");
    let output = File::create(&log).map_err(|error| fault(&log, error))?;
    let errors = output.try_clone().map_err(|error| fault(&log, error))?;

    let mut command = cargo_fuzz_command(cargo_fuzz, "run");
    command.arg(name).arg(&corpus).arg(folder().join("seeds").join(name));
    command.args(["--", "-timeout=10", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}")).stdout(output).stderr(errors);
    let status = command.status().map_err(|error| fault(cargo_fuzz, error))?;

    let said = fs::read(&log).map_err(|error| fault(&log, error))?;
    let said = String::from_utf8_lossy(&said);
    if !status.success() {
        println!("{said}");
        return Err(format!("fuzz target `{name}`: {status}; the output is above"));
    }
    match said.lines().rev().find(|line| line.starts_with("Done ")) {
        Some(done) => println!("{name}: {done}"),
        None => return Err(format!("fuzz target `{name}` did not run: see {}", log.display())),
    }
    Ok(())
}

/// The names of the targets, from their files.
fn targets() -> Result<Vec<String>, String> {
    let folder = folder().join("targets");
    let files = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let name = |file: fs::DirEntry| Some(file.path().file_stem()?.to_str()?.to_owned());
    let mut names: Vec<_> = files.flatten().filter_map(name).collect();
    names.sort_unstable();
    Ok(names)
}

fn next<'a>(waiting: &Mutex<std::slice::Iter<'a, String>>) -> Option<&'a String> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).next()
}

fn folder() -> PathBuf {
    root().join("fuzz")
}
