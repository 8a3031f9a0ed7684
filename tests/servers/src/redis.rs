//! Redis, or Valkey.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::process::{Server, free_port};
use crate::{Error, install};

/// Starts a server with more arguments, such as `--requirepass`. `REDIS_SERVER` names another
/// program than `redis-server`.
///
/// # Errors
///
/// If it is not installed and cannot be, or does not start.
pub fn start(arguments: &[&str]) -> Result<Server, Error> {
    let program = program()?;
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let data = folder.path().display().to_string();
    let port_text = port.to_string();
    let fixed = ["--bind", "127.0.0.1", "--port", &port_text, "--dir", &data, "--save", ""];
    let command = std::iter::once(program.as_str()).chain(fixed).chain(arguments.iter().copied());
    let command = command.map(str::to_owned).collect();
    Server::start(folder, command, format!("redis://127.0.0.1:{port}"), move || answers(port))
}

/// The server's program.
pub(crate) fn program() -> Result<String, Error> {
    match std::env::var("REDIS_SERVER") {
        Ok(program) if !program.is_empty() => Ok(program),
        _ => {
            let found = install::program("redis-server", Vec::new, &["redis-server"])?;
            Ok(found.display().to_string())
        }
    }
}

/// Whether it answers, even if it asks for a password.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"+PONG" || answer == *b"-NOAU")
    };
    ask().unwrap_or(false)
}
