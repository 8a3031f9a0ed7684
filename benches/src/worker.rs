//! Workers. They are built once, started with an application, and get orders one after another.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;

use bench_worker::order::Order;

use crate::Error;
use crate::applications::Application;

/// Builds the programs of `applications` in release mode.
pub(crate) fn build(applications: &[&Application]) -> Result<(), Error> {
    let mut folders: Vec<_> = applications.iter().map(|application| application.folder).collect();
    folders.dedup();
    folders.into_iter().try_for_each(build_folder)
}

/// Builds the programs of one folder.
pub(crate) fn build_folder(folder: &str) -> Result<(), Error> {
    let manifest = root().join(folder).join("Cargo.toml");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--manifest-path"]).arg(&manifest);
    cargo.env("CARGO_TARGET_DIR", target());
    // `cargo run` sets these variables for this program. Build scripts that watch them would run
    // again, and everything that depends on these would be built again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    let status = cargo.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{}: {status}", manifest.display()).into()),
    }
}

/// The command line that starts an application.
pub(crate) fn command(application: &Application, store: Option<&str>) -> Vec<String> {
    let folder = Path::new(application.folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let program = target().join("release").join(format!("bench-{name}"));
    let words = [program.display().to_string(), application.name.to_owned()];
    words.into_iter().chain(store.map(str::to_owned)).collect()
}

/// A running worker. When this is dropped, its input is closed, which stops the worker.
pub(crate) struct Worker {
    label: &'static str,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(application: &Application, store: Option<&str>) -> Result<Self, Error> {
        let command = command(application, store);
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command[0]))?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().ok_or("a worker without standard output")?;
        Ok(Self { label: application.label, child, orders, answers: BufReader::new(answers) })
    }

    /// Gives an order and waits for the answer.
    pub(crate) fn ask<T: FromStr>(&mut self, order: Order) -> Result<T, Error> {
        self.tell(order)?;
        self.hear()
    }

    /// Gives an order.
    pub(crate) fn tell(&mut self, order: Order) -> Result<(), Error> {
        let orders = self.orders.as_mut().ok_or("a worker without standard input")?;
        Ok(writeln!(orders, "{order}")?)
    }

    /// Waits for the answer to an order.
    pub(crate) fn hear<T: FromStr>(&mut self) -> Result<T, Error> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(format!("{} has ended", self.label).into()),
            _ => {
                let answer = line.trim_end().parse();
                answer.map_err(|_| format!("{} answers `{line}`", self.label).into())
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        // It stops by itself. Its exit status no longer matters.
        let _ = self.child.wait();
    }
}

/// The folder `benches`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of all builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        None => root().with_file_name("target"),
    }
}
