//! The server and the options in a URL.

use http::uri::Authority;

use crate::error::ConfigError;
use crate::store::url::decode;

/// The address of Webdis.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) basic_auth: Option<(String, String)>,
}

const DEFAULT_PORT: u16 = 7_379;

/// Reads `webdis://user:password@host:port`.
pub(super) fn server(url: &str) -> Result<Server, ConfigError> {
    let wrong = || {
        ConfigError::new("the URL of Webdis is not valid; it is `webdis://user:password@host:port`")
    };
    let rest = url.strip_prefix("webdis://").ok_or_else(wrong)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (user, address) = match rest.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, rest),
    };
    let address: Authority = address.parse().map_err(|_| wrong())?;
    let host = address.host().trim_matches(['[', ']']).to_owned();
    // There is also no port if it is not a number, or if nothing follows the colon.
    let port = match address.port_u16() {
        Some(port) => port,
        None if address.as_str() == address.host() => DEFAULT_PORT,
        None => return Err(wrong()),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    let basic_auth = user.map(|user| {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        Ok::<_, ConfigError>((decode(user, "user")?, decode(password, "password")?))
    });
    Ok(Server { host, port, basic_auth: basic_auth.transpose()? })
}
