//! Webdis, with a Redis behind it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::process::{Server, free_port};
use crate::{Error, install, redis};

/// Starts Redis with these arguments, and Webdis in front of it, with an `acl` as its manual
/// describes. Returns Webdis; Redis is [`behind`](Server::behind) it.
///
/// # Errors
///
/// If one of them is not installed and cannot be, or does not start.
pub fn start(redis_arguments: &[&str], acl: &str) -> Result<Server, Error> {
    let program = install::program("webdis", Vec::new, &["webdis"])?;
    let redis = redis::start(redis_arguments)?;
    let redis_port = redis.url().rsplit(':').next().ok_or("a server of ours has a port")?;
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let config = folder.path().join("webdis.json");
    let log = folder.path().join("webdis.log").display().to_string();
    let settings = format!(
        r#"{{"redis_host": "127.0.0.1", "redis_port": {redis_port}, "http_host": "127.0.0.1",
        "http_port": {port}, "threads": 2, "pool_size": 4, "daemonize": false, "websockets": false,
        "database": 0, "logfile": "{log}", "verbosity": 2, "acl": {acl}}}"#
    );
    std::fs::write(&config, settings)?;
    let command = vec![program.display().to_string(), config.display().to_string()];
    let url = format!("webdis://127.0.0.1:{port}");
    // Each thread of Webdis has its own connections, so it is asked several times.
    let is_ready = move || (0..8).all(|_| answers(port));
    Ok(Server::start(folder, command, url, is_ready)?.before(redis))
}

/// Whether it answers, even if it refuses the command.
fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /PING HTTP/1.0\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(matches!(&status[9..], b"200" | b"403"))
    };
    ask().unwrap_or(false)
}
