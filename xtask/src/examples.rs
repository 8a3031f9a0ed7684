//! `cargo xtask examples`: requests pages of the counters and of the sites with accounts.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::http::{Visitor, free_port};
use crate::step::{ScratchFolder, Step, cargo, root};

/// A limit that a start never reaches.
const START: Duration = Duration::from_secs(60);

/// Each example shows the counts 1, 2 and 3. After it is killed and started again it shows 4. The
/// other examples continue from there, with the same store and keys.
pub(crate) fn run() -> Outcome {
    // The packages that `cargo run --example` would choose, so that nothing is built twice.
    Step::cargo("build the examples", ["build", "--examples"]).run()?;
    let counters = ["counter", "counter-actix", "counter-poem"];
    for site in [&counters[..], &["accounts", "accounts-actix"]] {
        for first in site {
            let others = site.iter().filter(|name| *name != first);
            check(first, others.copied(), &[])?;
        }
    }
    let key = "bm90IGEgc2VjcmV0LCBqdXN0IHRoZSBrZXkgb2YgYSB0ZXN0";
    let environment = [("SESSION_STORE", "sqlite:other.db"), ("SESSION_KEYS", key)];
    check("counter", ["counter-actix"].into_iter(), &environment)
}

fn check<'a>(
    first: &str,
    others: impl Iterator<Item = &'a str>,
    environment: &[(&str, &str)],
) -> Outcome {
    let settings: String =
        environment.iter().map(|(name, value)| format!("{name}={value} ")).collect();
    eprintln!("\n=== visit {settings}{first}, then the same site elsewhere");
    let folder = ScratchFolder::new("examples")?;
    let mut visitor = Visitor::default();

    let mut server = Server::start(first, &folder, environment)?;
    server.expect(&mut visitor, 1)?;
    server.expect(&mut visitor, 2)?;
    server.expect(&mut visitor, 3)?;
    server.kill()?;
    let mut server = Server::start(first, &folder, environment)?;
    server.expect(&mut visitor, 4)?;
    server.kill()?;
    for (count, other) in (5..).zip(others) {
        let mut server = Server::start(other, &folder, environment)?;
        server.expect(&mut visitor, count)?;
        server.expect(&mut Visitor::default(), 1)?;
        server.kill()?;
    }

    check_files(&folder, environment)
}

/// The database and the generated key are where they should be. Only the owner can read the key.
fn check_files(folder: &ScratchFolder, environment: &[(&str, &str)]) -> Outcome {
    let is_set = |name| environment.iter().any(|(set, _)| *set == name);
    let database = if is_set("SESSION_STORE") { "other.db" } else { "sessions.db" };
    if !folder.path().join(database).is_file() {
        return Err(format!("there is no `{database}`"));
    }
    let keys = folder.path().join("sessions.keys");
    if is_set("SESSION_KEYS") {
        return match keys.exists() {
            true => Err("a key was made up although `SESSION_KEYS` is set".to_owned()),
            false => Ok(()),
        };
    }
    let metadata = keys.metadata().map_err(|error| format!("sessions.keys: {error}"))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777;
        if mode != 0o600 {
            return Err(format!("`sessions.keys` has the mode {mode:o} instead of 600"));
        }
    }
    #[cfg(not(unix))]
    let _ = metadata;
    Ok(())
}

/// A running example; killed when dropped.
struct Server {
    name: String,
    port: u16,
    child: Child,
}

impl Server {
    fn start(
        name: &str,
        folder: &ScratchFolder,
        environment: &[(&str, &str)],
    ) -> Result<Self, String> {
        let port = free_port().map_err(|error| format!("no free port: {error}"))?;
        let mut command = cargo();
        // On Unix the cargo process becomes the example, so killing it kills the example.
        command.args(["run", "--quiet", "--example", name, "--manifest-path"]);
        command.arg(root().join("Cargo.toml")).current_dir(folder.path());
        command.env_remove("SESSION_STORE").env_remove("SESSION_KEYS");
        command.env("PORT", port.to_string()).envs(environment.iter().copied());
        command.stdin(Stdio::null());
        eprintln!("$ PORT={port} cargo run --example {name}");
        match command.spawn() {
            Ok(child) => Ok(Self { name: name.to_owned(), port, child }),
            Err(error) => Err(format!("`{name}` cannot be started: {error}")),
        }
    }

    /// Visits the page, waiting for the server to come up.
    fn expect(&mut self, visitor: &mut Visitor, count: u64) -> Outcome {
        let name = self.name.clone();
        let started = Instant::now();
        let body = loop {
            match visitor.visit(self.port) {
                Ok(body) => break body,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                Err(error) => return Err(format!("`{name}`: {error}")),
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("`{name}` ended by itself ({status})"));
            }
            if started.elapsed() > START {
                return Err(format!("`{name}` does not answer on port {}", self.port));
            }
            sleep(Duration::from_millis(20));
        };
        let said = body.lines().find(|line| line.contains("visited this page"));
        let said = said.unwrap_or(&body).trim();
        eprintln!("{name}: {said}");
        if !numbers(said).any(|number| number == count) {
            return Err(format!("`{name}` should have counted to {count}: {body:?}"));
        }
        match visitor.has_cookie() {
            true => Ok(()),
            false => Err(format!("`{name}` set no cookie")),
        }
    }

    /// Kills the server (SIGKILL on Unix), so that it cannot clean up.
    fn kill(&mut self) -> Outcome {
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map(drop)
            .map_err(|error| format!("`{}` cannot be killed: {error}", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error only means that it was killed before.
        let _ = self.kill();
    }
}

fn numbers(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok())
}
