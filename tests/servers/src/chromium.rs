//! Chromium, driven through ChromeDriver, which speaks WebDriver.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::process::{Server, free_port};
use crate::{Error, install};

/// Starts ChromeDriver. Each WebDriver session has its own browser. Browsers that are started with
/// `--remote-debugging-pipe` end with the driver, however the driver ends.
///
/// # Errors
///
/// If it is not installed and cannot be, or does not start.
pub(crate) fn start() -> Result<Server, Error> {
    let program = install::program("chromedriver", Vec::new, &["chromium", "chromium-driver"])?;
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    // Profiles that a browser leaves behind are removed with the folder.
    let scratch = format!("TMPDIR={}", folder.path().display());
    let (program, port_argument) = (program.display().to_string(), format!("--port={port}"));
    let command = ["env", &scratch, &program, &port_argument, "--allowed-ips=127.0.0.1"];
    let command = command.map(str::to_owned).to_vec();
    Server::start(folder, command, format!("http://127.0.0.1:{port}"), move || answers(port))
}

/// Whether it accepts requests.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status[9..] == *b"200")
    };
    ask().unwrap_or(false)
}
