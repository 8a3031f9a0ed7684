//! A server with all the processes that it has started, as Linux shows them in `/proc`. On other
//! systems it is one process, and nothing waits for its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Error;

/// The processes of a server.
pub(crate) struct Tree {
    pid_file: PathBuf,
}

/// How long processes may need to obey a signal.
const PATIENCE: Duration = Duration::from_secs(20);

impl Tree {
    /// The tree of the process whose number will be in this file.
    pub(crate) fn of(pid_file: PathBuf) -> Self {
        Self { pid_file }
    }

    pub(crate) fn pid_file(&self) -> &Path {
        &self.pid_file
    }

    /// Stops all processes and waits until none of their threads runs. Returns their numbers.
    pub(crate) fn stop(&self) -> Result<Vec<String>, Error> {
        let number = fs::read_to_string(&self.pid_file)?.trim().to_owned();
        let mut processes = vec![number];
        let mut next = 0;
        // Parents are stopped before their children are listed, so that none is missed.
        while let Some(process) = processes.get(next).cloned() {
            signal("-STOP", std::slice::from_ref(&process))?;
            // `kill` returns before all threads have stopped.
            wait(|| states(&process).iter().all(|state| "TtZX".contains(*state)))?;
            processes.extend(children(&process));
            next += 1;
        }
        Ok(processes)
    }

    /// Resumes all processes.
    pub(crate) fn resume(&self) -> Result<(), Error> {
        signal("-CONT", &self.stop()?)
    }

    /// Kills all processes and waits until they are gone.
    pub(crate) fn kill(&self) -> Result<(), Error> {
        let processes = self.stop()?;
        signal("-KILL", &processes)?;
        let is_gone = |process: &String| states(process).iter().all(|state| "ZX".contains(*state));
        wait(|| processes.iter().all(is_gone))
    }
}

/// Sends a signal; some of the processes may have ended.
fn signal(name: &str, processes: &[String]) -> Result<(), Error> {
    let mut kill = Command::new("kill");
    kill.arg(name).args(processes).stdin(Stdio::null()).stderr(Stdio::null());
    kill.status()?;
    Ok(())
}

fn wait(is_done: impl Fn() -> bool) -> Result<(), Error> {
    let began = Instant::now();
    while !is_done() {
        if began.elapsed() > PATIENCE {
            return Err("a server does not do what a signal says".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The processes that any thread of a process has started.
fn children(process: &str) -> Vec<String> {
    let files = threads(process).into_iter().map(|thread| thread.join("children"));
    let lists: Vec<String> = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
    lists.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect()
}

/// The states of its threads: `T` and `t` are stopped, `Z` and `X` are dead.
fn states(process: &str) -> Vec<char> {
    let files = threads(process).into_iter().map(|thread| thread.join("stat"));
    // The name comes before the state, in parentheses. It may contain parentheses too.
    let state = |stat: String| stat.rsplit_once(") ")?.1.chars().next();
    files.filter_map(|file| state(fs::read_to_string(file).ok()?)).collect()
}

fn threads(process: &str) -> Vec<PathBuf> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    threads.flatten().map(|thread| thread.path()).collect()
}
