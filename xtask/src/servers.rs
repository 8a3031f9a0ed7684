//! The servers that tests need. They are started once for all tests, and stopped with this program.

use test_servers::{Kind, Server, named};

/// The running servers.
pub(crate) struct Servers {
    /// They are stopped when this is dropped.
    started: Vec<(Kind, Server)>,
    without: String,
}

/// Starts every kind of server, unless its variable names a running one or it is left out by name.
pub(crate) fn start(without: &str) -> Result<Servers, String> {
    let left_out: Vec<&str> = without.split(',').filter(|name| !name.is_empty()).collect();
    let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    if let Some(unknown) = left_out.iter().find(|name| !known.contains(name)) {
        return Err(format!("there is no server `{unknown}`, only `{}`", known.join("`, `")));
    }
    let mut started = Vec::new();
    for &kind in Kind::ALL {
        let (name, variable) = (kind.name(), kind.variable());
        if left_out.contains(&name) {
            eprintln!("{name}: left out as asked");
        } else if named(kind).is_some() {
            eprintln!("{name}: the server that {variable} names");
        } else {
            let server = kind.start().map_err(|error| {
                format!("{name}: {error}\nor name a server that runs: {variable}=..")
            })?;
            eprintln!("{name}: started, {variable}={}", server.url());
            started.push((kind, server));
        }
    }
    Ok(Servers { started, without: left_out.join(",") })
}

impl Servers {
    /// The variables that tell the tests where the servers are.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let urls = self.started.iter().map(|(kind, server)| (kind.variable(), server.url()));
        urls.chain(std::iter::once(("SESSION_TESTS_WITHOUT", self.without.as_str())))
    }
}
