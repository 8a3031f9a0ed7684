//! Steps: one command each, printed before it runs.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::Outcome;

/// A command, run from the root of the workspace.
pub(crate) struct Step {
    title: String,
    command: Command,
}

impl Step {
    /// A step that calls the same cargo that runs this program.
    pub(crate) fn cargo<A: AsRef<OsStr>>(
        title: impl Into<String>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut command = cargo();
        command.args(args);
        Self::new(title, command)
    }

    /// A step that calls another program.
    pub(crate) fn new(title: impl Into<String>, mut command: Command) -> Self {
        command.current_dir(root());
        Self { title: title.into(), command }
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Builds into the target folder of the workspace, also for other manifests.
    pub(crate) fn shared_target(mut self) -> Self {
        self.command.env("CARGO_TARGET_DIR", target());
        self
    }

    /// Runs it. Its output goes to the output of this program.
    pub(crate) fn run(mut self) -> Outcome {
        self.announce();
        let start = Instant::now();
        let status = self.command.status().map_err(|error| self.not_started(&error))?;
        self.conclude(start, status)
    }

    /// Runs it, prints its standard output as it arrives, and returns it too.
    pub(crate) fn run_and_read(mut self) -> (Outcome, String) {
        self.announce();
        let start = Instant::now();
        let mut child = match self.command.stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => return (Err(self.not_started(&error)), String::new()),
        };
        let output = child.stdout.take().map(pass_on).unwrap_or_default();
        let outcome = match child.wait() {
            Ok(status) => self.conclude(start, status),
            Err(error) => Err(format!("{}: {error}", self.title)),
        };
        (outcome, output)
    }

    fn announce(&self) {
        let settings = self
            .command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)))
            .map(|(name, value)| format!("{}={value:?} ", name.to_string_lossy()));
        let mut line = settings.collect::<String>();
        let program = Path::new(self.command.get_program()).file_stem().unwrap_or_default();
        line.push_str(&program.to_string_lossy());
        for arg in self.command.get_args() {
            line.push(' ');
            line.push_str(&arg.to_string_lossy());
        }
        // Both streams of a step may be read by the same person.
        eprintln!("\n=== {}\n$ {line}", self.title);
    }

    fn conclude(&self, start: Instant, status: ExitStatus) -> Outcome {
        let seconds = start.elapsed().as_secs_f32();
        match status.success() {
            true => {
                eprintln!("=== {}: done in {seconds:.1} s", self.title);
                Ok(())
            }
            false => Err(format!("{}: failed after {seconds:.1} s ({status})", self.title)),
        }
    }

    fn not_started(&self, error: &io::Error) -> String {
        format!("{}: {:?} cannot be started: {error}", self.title, self.command.get_program())
    }
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    // A relative path starts at the folder of the cargo call, which for `cargo xtask` is the
    // current one.
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        None => root().join("target"),
    }
}

/// A new folder for one check, removed when dropped.
pub(crate) struct ScratchFolder(PathBuf);

impl ScratchFolder {
    pub(crate) fn new(purpose: &str) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("session-{purpose}-{process}-{count}"));
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // A folder that is left in the system's temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pass_on(mut from: impl Read) -> String {
    let mut all = Vec::new();
    let mut chunk = [0; 8 * 1024];
    while let Ok(length) = from.read(&mut chunk)
        && length > 0
    {
        let chunk = &chunk[..length];
        all.extend_from_slice(chunk);
        let mut out = io::stdout().lock();
        // A closed terminal is no reason to stop the tests.
        let _ = out.write_all(chunk).and_then(|()| out.flush());
    }
    String::from_utf8_lossy(&all).into_owned()
}
