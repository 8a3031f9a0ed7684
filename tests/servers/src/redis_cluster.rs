//! Redis Cluster: three primaries and a replica of each.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{Server, free_port};
use crate::{Error, install, redis};

/// How many servers there are.
const SERVERS: usize = 6;

/// Runs a server for each port, and stops all of them when it ends.
const RUN: &str = r#"folder=$1; ports=$2; shift 2
for port in $ports; do mkdir -p "$folder/$port"; "$@" --port $port --dir "$folder/$port" & all="$all $!"; done
(while kill -0 $$ 2>/dev/null; do sleep 0.2; done; kill -9 $all 2>/dev/null) &
wait"#;

/// Starts a cluster with more arguments for its servers, such as `--appendonly`. The caller gets it
/// as one server. [`kill_node`] kills one of its processes.
///
/// # Errors
///
/// If it is not installed and cannot be, or does not start.
pub fn start(arguments: &[&str]) -> Result<Server, Error> {
    let program = redis::program()?;
    let cli = install::program("redis-cli", Vec::new, &["redis-tools"])?;
    let folder = tempfile::tempdir()?;
    // The ports are held until all are chosen, so that neither this cluster nor another one that
    // starts at the same time chooses a port twice.
    let held = (0..SERVERS).map(|_| port_pair()).collect::<Result<Vec<_>, _>>()?;
    let ports: Vec<u16> = held.iter().map(|(port, _)| *port).collect();
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let listed = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ");
    let data = folder.path().display().to_string();
    let shell = ["sh", "-c", RUN, "sh", &data, &listed];
    let fixed = "--bind 127.0.0.1 --cluster-enabled yes --cluster-node-timeout 1000 \
        --cluster-replica-validity-factor 0 --repl-diskless-sync-delay 0";
    let command = shell.into_iter().chain([program.as_str()]).chain(fixed.split_whitespace());
    // Added separately, because splitting a text gives no empty argument.
    let command = command.chain(["--save", ""]).chain(arguments.iter().copied());
    let command = command.map(str::to_owned).collect();
    let url = format!("redis-cluster://{}", hosts.join(","));
    let mut is_formed = false;
    drop(held);
    Server::start(folder, command, url, move || {
        if !is_formed && ports.iter().all(|port| says(*port, "PING", "+PONG")) {
            is_formed = form(&cli, &hosts);
        }
        is_formed && ports.iter().all(|port| is_well(*port))
    })
}

/// Kills one process of a cluster (SIGKILL), by the port that it listens on.
///
/// # Panics
///
/// If it does not run.
pub fn kill_node(port: u16) {
    let info = ask(port, "INFO server").expect("the node answers");
    let process = info.lines().find_map(|line| line.strip_prefix("process_id:"));
    let process = process.expect("it says its process").trim();
    let killed = Command::new("kill").args(["-KILL", process]).stdin(Stdio::null()).status();
    assert!(killed.is_ok_and(|status| status.success()), "the node is killed");
}

/// A free port whose bus port, 10,000 above it, is free too, and the sockets that hold both.
fn port_pair() -> Result<(u16, [TcpListener; 2]), Error> {
    loop {
        let port = free_port()?;
        let bind = |port| TcpListener::bind(("127.0.0.1", port));
        if let (Ok(own), Ok(bus)) = (bind(port), bind(port + 10_000)) {
            return Ok((port, [own, bus]));
        }
    }
}

fn form(cli: &Path, hosts: &[String]) -> bool {
    let mut create = Command::new(cli);
    create.args(["--cluster", "create"]).args(hosts);
    create.args(["--cluster-replicas", "1", "--cluster-yes"]);
    create.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    create.status().is_ok_and(|status| status.success())
}

/// Whether the server knows a server for each slot and, if it is a replica, follows its primary.
fn is_well(port: u16) -> bool {
    says(port, "CLUSTER INFO", "cluster_state:ok")
        && ask(port, "INFO replication").is_some_and(|info| {
            info.contains("master_link_status:up") || info.contains("connected_slaves:1")
        })
}

fn says(port: u16, command: &str, text: &str) -> bool {
    ask(port, command).is_some_and(|answer| answer.contains(text))
}

/// Sends one command and reads the beginning of the answer.
fn ask(port: u16, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
    let mut answer = [0; 16_384];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}
