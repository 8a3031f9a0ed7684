//! Servers leave nothing when the tests have ended.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::process::Command;
use std::time::{Duration, Instant};

use test_servers::Kind;

/// Set for the process that is killed.
const CHILD: &str = "SESSION_TESTS_CHILD";

#[test]
fn a_killed_process_leaves_no_server_and_no_folder() {
    if std::env::var_os(CHILD).is_some() {
        let server = Kind::Redis.start().unwrap();
        println!("{}", server.folder().display());
        loop {
            std::thread::park();
        }
    }
    if test_servers::is_left_out(Kind::Redis) {
        return;
    }
    let name = "a_killed_process_leaves_no_server_and_no_folder";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = std::io::BufRead::lines(output).map(Result::unwrap);
    let folder = lines.find(|line| line.starts_with('/')).map(std::path::PathBuf::from).unwrap();
    assert!(folder.join("pid").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let began = Instant::now();
    while folder.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "{} is still there", folder.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}
