//! Starting and stopping the scenario server.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_runtime::Keyring;
use test_servers::Kind;

/// The framework of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framework {
    Axum,
    Actix,
    Poem,
}

/// Where sessions are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Store {
    Memory,
    Sqlite,
    Redis,
    RedisCluster,
    Webdis,
    MongoDb,
    Postgres,
    /// In sealed cookies. The server remembers deleted sessions in memory.
    Cookie,
}

/// A running scenario server; killed when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    process: Child,
    data: Data,
}

/// A store with its files. It outlives a server.
#[derive(Clone)]
pub(crate) struct Data {
    url: String,
    cookie: Option<&'static str>,
    _folder: Option<std::sync::Arc<tempfile::TempDir>>,
}

impl Store {
    /// An empty store.
    pub(crate) fn empty(self) -> Data {
        match self {
            Self::Memory => Data::at("memory:"),
            Self::Cookie => Data::in_cookie("sealed", "memory:"),
            Self::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
                Data { _folder: Some(folder.into()), ..Data::at(&url) }
            }
            Self::Redis => Data::at(&format!("{}?prefix={}:", url(Kind::Redis), unused_name())),
            Self::RedisCluster => {
                let prefix = format!("{}:", unused_name());
                Data::at(&with_option(&url(Kind::RedisCluster), "prefix", &prefix))
            }
            Self::Webdis => Data::at(&with_option(&url(Kind::Webdis), "prefix", &unused_name())),
            Self::MongoDb => {
                Data::at(&with_option(&url(Kind::MongoDb), "collection", &unused_name()))
            }
            Self::Postgres => {
                let url = url(Kind::Postgres);
                let and = if url.contains('?') { '&' } else { '?' };
                // Many scenarios at the same time must not use all connections of the server.
                let options = "migrate=true&max_connections=5";
                Data::at(&format!("{url}{and}table={}&{options}", unused_name()))
            }
        }
    }

    /// Whether the person who runs the tests has left its server out.
    pub(crate) fn is_left_out(self) -> bool {
        match self {
            Self::Memory | Self::Sqlite | Self::Cookie => false,
            Self::Redis => test_servers::is_left_out(Kind::Redis),
            Self::RedisCluster => test_servers::is_left_out(Kind::RedisCluster),
            Self::Webdis => test_servers::is_left_out(Kind::Webdis),
            Self::MongoDb => test_servers::is_left_out(Kind::MongoDb),
            Self::Postgres => test_servers::is_left_out(Kind::Postgres),
        }
    }
}

impl Data {
    /// The store at this URL.
    pub(crate) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), cookie: None, _folder: None }
    }

    /// Cookies that are `sealed` or `signed`. The store at `url` remembers deleted sessions, or
    /// nothing does if it is `none`.
    pub(crate) fn in_cookie(kind: &'static str, url: &str) -> Self {
        Self { cookie: Some(kind), ..Self::at(url) }
    }
}

fn url(kind: Kind) -> String {
    test_servers::url(kind).expect("whoever asks has seen that it is not left out")
}

/// The URL with one more option.
pub(crate) fn with_option(url: &str, name: &str, value: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{name}={value}")
}

/// A name for data that no other scenario uses.
fn unused_name() -> String {
    static USED: AtomicUsize = AtomicUsize::new(0);
    let millis = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let used = USED.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{millis}_{used}", std::process::id())
}

impl Server {
    /// Starts a server on an empty store.
    pub(crate) fn start(framework: Framework, store: Store, arguments: &[&str]) -> Self {
        Self::start_on(framework, &store.empty(), arguments)
    }

    /// Starts a server on a store that may hold sessions.
    pub(crate) fn start_on(framework: Framework, data: &Data, arguments: &[&str]) -> Self {
        let framework = match framework {
            Framework::Axum => "axum",
            Framework::Actix => "actix",
            Framework::Poem => "poem",
        };
        let mut process = Command::new(env!("CARGO_BIN_EXE_scenario-server"))
            .args(["--framework", framework, "--store", &data.url, "--listen", "127.0.0.1:0"])
            .args(data.cookie.map(|kind| ["--cookie", kind]).into_iter().flatten())
            .args(arguments)
            .env("SESSION_KEYS", keys())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the server starts").to_owned();
        Self { url, process, data: data.clone() }
    }

    /// Kills the server. Its stored sessions stay.
    pub(crate) fn kill(mut self) -> Data {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.data.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error only means that it has ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One key for all servers of a test run, so that they accept each other's cookies.
fn keys() -> &'static str {
    static KEYS: OnceLock<String> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::generate_base64().unwrap())
}
