//! Starting a server process that ends with this process.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Error;
use crate::tree::Tree;

/// A running server with its own data folder. It is stopped when it is dropped or this process
/// ends.
pub struct Server {
    url: String,
    command: Vec<String>,
    is_ready: Box<dyn FnMut() -> bool + Send>,
    // Dropped before the folder, because the process uses it.
    process: Option<Process>,
    folder: TempDir,
    behind: Option<Box<Server>>,
}

/// How long a server may need until it answers.
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
        is_ready: impl FnMut() -> bool + Send + 'static,
    ) -> Result<Self, Error> {
        let is_ready = Box::new(is_ready);
        let mut server = Self { url, command, is_ready, process: None, folder, behind: None };
        server.start_again()?;
        Ok(server)
    }

    /// Puts this server in front of another one, which ends with it.
    pub(crate) fn before(mut self, behind: Self) -> Self {
        self.behind = Some(behind.into());
        self
    }

    /// The server behind this one.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn behind(&mut self) -> &mut Self {
        self.behind.as_mut().expect("a server with another one behind it")
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives it more arguments for the next start.
    pub fn add_arguments(&mut self, arguments: &[&str]) {
        self.command.extend(arguments.iter().map(|&argument| argument.to_owned()));
    }

    /// Kills it at once (SIGKILL), with every process that it has started; its folder stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it after [`kill`](Self::kill), on the same port and folder.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start).
    pub fn start_again(&mut self) -> Result<(), Error> {
        let log = self.folder.path().join("log");
        let mut process = Process::spawn(&self.command, self.folder.path())?;
        let began = Instant::now();
        while !(self.is_ready)() {
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

    /// Makes it hang (SIGSTOP). When this returns, none of its processes runs, but its connections
    /// are still open.
    ///
    /// # Panics
    ///
    /// If it does not run, or not all of its processes stop.
    pub fn pause(&self) {
        self.tree().stop().expect("the server stops");
    }

    /// Resumes it after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn resume(&self) {
        self.tree().resume().expect("the server goes on");
    }

    fn tree(&self) -> &Tree {
        &self.process.as_ref().expect("the server runs").tree
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A process and the shell that watches it.
struct Process {
    watcher: Child,
    tree: Tree,
}

/// Writes the server's process number to the file in the first argument, and runs the server. Kills
/// it when a line arrives on standard input, or when standard input is closed. It is closed when
/// the parent ends, however that happens. Then nobody else removes the folder, so this removes it.
const WATCH: &str = r#"
pid=$1; shift
sh -c 'echo $$ >"$0"; exec "$@"' "$pid" "$@" </dev/null &
server=$!
(while kill -0 $server 2>/dev/null; do sleep 0.2; done; kill -9 $$ 2>/dev/null) &
monitor=$!
read -r line || orphaned=1
kill -9 $monitor 2>/dev/null
kill -9 $server 2>/dev/null
[ -z "$orphaned" ] || { sleep 1; rm -rf "${pid%/*}"; }"#;

impl Process {
    fn spawn(command: &[String], folder: &Path) -> Result<Self, Error> {
        let log = File::options().create(true).append(true).open(folder.join("log"))?;
        let tree = Tree::of(folder.join("pid"));
        let watcher = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(tree.pid_file())
            .args(command)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { watcher, tree })
    }

    fn has_ended(&mut self) -> Result<bool, Error> {
        Ok(self.watcher.try_wait()?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The processes that the server has started may run a moment longer than the server.
        if self.has_ended().is_ok_and(|ended| !ended) {
            let _ = self.tree.kill();
        }
        if let Some(mut stdin) = self.watcher.stdin.take() {
            // An error only means that the shell has ended.
            let _ = stdin.write_all(b"end\n");
        }
        // The shell kills the server if it still runs, and ends.
        let _ = self.watcher.wait();
    }
}

/// A free port on loopback, low enough that the cluster bus of Redis can use the port 10,000 above
/// it.
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
