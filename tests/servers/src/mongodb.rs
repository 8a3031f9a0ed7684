//! A server that speaks MongoDB's protocol.
//!
//! No package registry has MongoDB itself. `MONGODB_URL` names a real server. Otherwise SecantusDB,
//! a clone, runs in its own process, installed from PyPI into a virtual environment. A test that
//! passes then only proves that the store works with the clone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::process::{Server, free_port};
use crate::{Error, install};

/// The version that the tests were run with.
const PACKAGE: &str = "SecantusDB==0.7.0b3";

/// Starts SecantusDB with more arguments, such as `--auth`; its data is in the server's folder.
///
/// # Errors
///
/// If it is not installed and cannot be, or does not start.
pub fn start(arguments: &[&str]) -> Result<Server, Error> {
    let program = program()?;
    eprintln!("MongoDB: a clone, {PACKAGE} (name a real server in MONGODB_URL)");
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    // With this file it does not read a configuration of the user.
    let config = folder.path().join("secantusd.toml");
    std::fs::write(&config, "")?;
    let data = folder.path().join("data");
    let port_text = port.to_string();
    let fixed = [
        program.as_os_str(),
        "--config".as_ref(),
        config.as_os_str(),
        "--host".as_ref(),
        "127.0.0.1".as_ref(),
        "--port".as_ref(),
        port_text.as_ref(),
        "--storage-path".as_ref(),
        data.as_os_str(),
    ];
    let fixed = fixed.iter().map(|argument| argument.to_string_lossy().into_owned());
    let command = fixed.chain(arguments.iter().map(|&argument| argument.to_owned())).collect();
    let url = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let tls = arguments.contains(&"--tls-cert-file");
    Server::start(folder, command, url, move || if tls { listens(port) } else { answers(port) })
}

/// The launcher, in a virtual environment that all runs of the tests share.
fn program() -> Result<PathBuf, Error> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-servers");
    let folder = target.join(PACKAGE.replace("==", "-"));
    let launcher = folder.join("bin/secantusd-py");
    if launcher.is_file() {
        return Ok(launcher);
    }
    std::fs::create_dir_all(&target)?;
    let python = install::program("python3", Vec::new, &["python3", "python3-venv"])?;
    // Only one process installs at a time. The launcher contains the path of its folder, so the
    // environment is created in its final folder. Others see it when the launcher exists.
    let lock = lock(&target)?;
    if !launcher.is_file() {
        eprintln!("pip install {PACKAGE}");
        // Left by a run that was stopped.
        let _ = std::fs::remove_dir_all(&folder);
        let venv = |python: &Path| run(Command::new(python).args(["-m", "venv"]).arg(&folder));
        if venv(&python).is_err() {
            // On Debian the module is in a separate package.
            install::install(&["python3-venv"])?;
            venv(&python)?;
        }
        let pip = run(Command::new(folder.join("bin/python")).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PACKAGE,
        ]));
        if let Err(error) = pip {
            let _ = std::fs::remove_dir_all(&folder);
            return Err(error);
        }
    }
    drop(lock);
    Ok(launcher)
}

/// Waits until no other process is installing.
fn lock(folder: &Path) -> Result<std::fs::File, Error> {
    let file = std::fs::File::create(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

fn run(command: &mut Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let message = String::from_utf8_lossy(&output.stderr);
            Err(format!("{command:?} failed: {message}").into())
        }
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Whether it answers `hello`.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        // An OP_MSG with `{ hello: 1, $db: "admin" }`.
        let body = b"\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
        let body_length = u32::try_from(body.len() + 4).unwrap_or(0);
        let mut message = Vec::new();
        message.extend((body_length + 16 + 4 + 1).to_le_bytes());
        message.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        message.extend(2013_u32.to_le_bytes());
        message.extend([0, 0, 0, 0, 0]);
        message.extend(body_length.to_le_bytes());
        message.extend(body);
        stream.write_all(&message)?;
        let mut header = [0; 16];
        stream.read_exact(&mut header)?;
        Ok(header[12..] == 2013_u32.to_le_bytes())
    };
    ask().unwrap_or(false)
}
