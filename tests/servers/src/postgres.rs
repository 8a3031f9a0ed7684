//! PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::install::{self, is_root};
use crate::process::{Server, free_port};

/// A server with an empty database `postgres`. It trusts the user `postgres` without a password.
pub(crate) fn start() -> Result<Server, Error> {
    let postgres = install::program("postgres", folders, &["postgresql"])?;
    let initdb = install::program("initdb", folders, &["postgresql"])?;

    // The server does not run as root, so its user must be able to reach the folder.
    let folder = match is_root() {
        true => tempfile::tempdir_in("/tmp")?,
        false => tempfile::tempdir()?,
    };
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    if is_root() {
        run(&["chown".to_owned(), "postgres".to_owned(), text(&data)])?;
    }
    let data = text(&data);
    let options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"];
    run(&unprivileged(&[&[&text(&initdb), "-D", &data], &options[..]].concat()))?;

    let port = free_port()?.to_string();
    let arguments = ["-D", &data, "-k", &data, "-p", &port, "-c", "listen_addresses=127.0.0.1"];
    let settings = ["-c", "fsync=off", "-c", "max_connections=300"];
    let command = unprivileged(&[&[&*text(&postgres)], &arguments[..], &settings].concat());
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let is_ready = is_ready(&url)?;
    Server::start(folder, command, url, is_ready)
}

/// Asks whether the server accepts connections.
pub(crate) fn is_ready(url: &str) -> Result<impl FnMut() -> bool + Send + use<>, Error> {
    let program = install::program("pg_isready", folders, &["postgresql"])?;
    let url = url.to_owned();
    Ok(move || {
        let ready = Command::new(&program).args(["-q", "-d", &url]).stdin(Stdio::null()).status();
        ready.is_ok_and(|status| status.success())
    })
}

/// The folders of Debian's programs, the newest version first.
fn folders() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut folders: Vec<_> = versions.flatten().map(|version| version.path()).collect();
    folders.sort_by_key(|folder| {
        let version = folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    folders.into_iter().map(|folder| folder.join("bin")).collect()
}

/// The command, run as the user `postgres` if this process is root.
pub(crate) fn unprivileged(command: &[&str]) -> Vec<String> {
    let user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];
    let user = if is_root() { &user[..] } else { &[] };
    user.iter().chain(command).map(|&part| part.to_owned()).collect()
}

fn run(command: &[String]) -> Result<(), Error> {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .current_dir("/")
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let message = String::from_utf8_lossy(&output.stderr);
            Err(format!("{} failed: {message}", command.join(" ")).into())
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
