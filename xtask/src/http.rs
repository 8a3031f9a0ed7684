//! A minimal HTTP client: one visitor of one page.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A visitor of `http://127.0.0.1:PORT/` with a jar for one cookie.
#[derive(Debug, Default)]
pub(crate) struct Visitor {
    /// `name=value`.
    cookie: Option<String>,
}

impl Visitor {
    /// Requests the page with the jar's cookie, keeps the new cookie, and returns the body.
    pub(crate) fn visit(&mut self, port: u16) -> io::Result<String> {
        let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let cookie = match &self.cookie {
            Some(cookie) => format!("Cookie: {cookie}\r\n"),
            None => String::new(),
        };
        // HTTP/1.0: the body is not chunked, and ends when the connection is closed.
        write!(stream, "GET / HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n")?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let (head, body) = response
            .split_once("\r\n\r\n")
            .ok_or_else(|| io::Error::other(format!("no HTTP response: {response:?}")))?;
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default();
        if status.split(' ').nth(1) != Some("200") {
            return Err(io::Error::other(format!("answered `{status}`")));
        }
        let headers = lines.filter_map(|line| line.split_once(": "));
        for (_, value) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            self.cookie = value.split(';').next().map(str::to_owned);
        }
        Ok(body.to_owned())
    }

    /// Whether the jar holds a cookie.
    pub(crate) fn has_cookie(&self) -> bool {
        self.cookie.is_some()
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
