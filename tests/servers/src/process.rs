//! Starting a server process that ends with us.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Error;

/// A running server with a data folder of its own; ended when it is dropped or this process ends.
#[derive(Debug)]
pub struct Server {
    url: String,
    command: Vec<String>,
    // Before the folder, which it uses.
    process: Option<Process>,
    folder: TempDir,
}

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// Starts `command` (program and arguments) and waits until `is_ready`. The process writes its
    /// output to `log` in the folder.
    ///
    /// # Errors
    ///
    /// If it does not start, ends at once, or is not ready within a minute; the message has the end
    /// of its log.
    pub fn start(
        folder: TempDir,
        command: Vec<String>,
        url: String,
        is_ready: impl FnMut() -> bool,
    ) -> Result<Self, Error> {
        let mut server = Self { url, command, process: None, folder };
        server.start_again(is_ready)?;
        Ok(server)
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it at once (SIGKILL); its folder stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it after [`kill`](Self::kill), on the same port and folder.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn start_again(&mut self, mut is_ready: impl FnMut() -> bool) -> Result<(), Error> {
        let log = self.folder.path().join("log");
        let mut process = Process::spawn(&self.command, &log)?;
        let began = Instant::now();
        while !is_ready() {
            let ended = process.has_ended()?;
            if ended || began.elapsed() > PATIENCE {
                let what = if ended { "ended at once" } else { "is not ready after a minute" };
                return Err(format!("{} {what}:\n{}", self.command[0], tail(&log)).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.process = Some(process);
        Ok(())
    }
}

/// A process and the shell that watches over it.
#[derive(Debug)]
struct Process {
    watcher: Child,
}

/// Runs the server until standard input ends: it does when the parent ends, however that is.
const WATCH: &str = r#""$@" </dev/null & server=$!; (while kill -0 $server 2>/dev/null; do sleep 0.2; done; kill -9 $$ 2>/dev/null) & cat >/dev/null; kill -9 $server 2>/dev/null"#;

impl Process {
    fn spawn(command: &[String], log: &Path) -> Result<Self, Error> {
        let log = File::options().create(true).append(true).open(log)?;
        let watcher = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { watcher })
    }

    fn has_ended(&mut self) -> Result<bool, Error> {
        Ok(self.watcher.try_wait()?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        // It kills the server and ends.
        let _ = self.watcher.wait();
    }
}

/// A free port on loopback, below the ports that the cluster bus of Redis adds 10,000 to.
///
/// # Errors
///
/// If there is none.
pub(crate) fn free_port() -> Result<u16, Error> {
    loop {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        if port < 55_000 {
            return Ok(port);
        }
    }
}

/// The program's path, on the `PATH` or in one of `folders`.
pub(crate) fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    on_path
        .chain(folders.iter().cloned())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The end of a log.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
