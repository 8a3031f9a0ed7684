//! Builds a [`WebdisStore`].

use std::fmt;
use std::time::Duration;

use base64_simd::STANDARD;
use http::HeaderValue;

use super::connections::Connections;
use super::http::Pool;
use super::store::WebdisStore;
use super::url;
use crate::error::ConfigError;
use crate::store::redis::layout::KeyNames;
use crate::store::redis::options::{Options, setters};
use crate::store::redis::script::Operations;

impl WebdisStore {
    /// Opens a store for Webdis at `url`, with default options.
    ///
    /// The URL is `webdis://user:password@host:port`. The default port is 7379.
    ///
    /// The store connects at its first operation.
    ///
    /// # Errors
    ///
    /// As [`WebdisStoreBuilder::build`].
    pub fn open(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Chooses options for Webdis at `url`.
    pub fn builder(url: impl Into<String>) -> WebdisStoreBuilder {
        WebdisStoreBuilder::new(url.into())
    }
}

/// The options of a [`WebdisStore`].
///
/// ```
/// use session_runtime::store::WebdisStore;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), session_runtime::ConfigError> {
/// let store = WebdisStore::builder("webdis://127.0.0.1:7379")
///     .basic_auth("shop", "secret")
///     .prefix("shop:session:")
///     .command_timeout(Duration::from_millis(500))
///     .max_connections(8)
///     .tombstone_time(Duration::from_secs(30))
///     .build()?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[must_use = "call `build`"]
pub struct WebdisStoreBuilder {
    url: String,
    basic_auth: Option<(String, String)>,
    max_connections: usize,
    pub(super) options: Options,
}

impl WebdisStoreBuilder {
    pub(super) fn new(url: String) -> Self {
        Self { url, basic_auth: None, max_connections: 16, options: Options::default() }
    }

    /// The user and the password of Webdis's `http_basic_auth`. They replace those in the URL.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.basic_auth = Some((user.into(), password.into()));
        self
    }

    setters! {
        prefix;
        /// The time includes waiting for a connection. Listing or deleting very many sessions of
        /// one principal takes several commands.
        command_timeout;
        tombstone_time;
    }

    /// The maximum number of connections. The default is 16.
    ///
    /// Each has at most one request in flight. More requests wait.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Builds the store.
    ///
    /// It connects at its first operation, and again after a connection is lost. So Webdis need not
    /// run yet.
    ///
    /// # Errors
    ///
    /// If the URL is not valid, or an option is not.
    pub fn build(self) -> Result<WebdisStore, ConfigError> {
        self.options.check()?;
        // Far below the maximum of a semaphore.
        if !(1..=usize::from(u16::MAX)).contains(&self.max_connections) {
            return Err(ConfigError::new("`max_connections` must be between 1 and 65535"));
        }
        let url::Server { host, port, basic_auth } = url::server(&self.url)?;
        let authorization =
            self.basic_auth.or(basic_auth).map(|it| authorization(&it)).transpose()?;
        let pool = Pool::new(host, port, authorization, self.max_connections);
        let Options { prefix, command_timeout, tombstone_time, .. } = self.options;
        Ok(WebdisStore::new(
            Operations::new(KeyNames::new(prefix), tombstone_time),
            Connections { pool, timeout: command_timeout },
        ))
    }
}

fn authorization((user, password): &(String, String)) -> Result<HeaderValue, ConfigError> {
    if user.contains(':') {
        return Err(ConfigError::new("the user name of Webdis must not contain a colon"));
    }
    let encoded = STANDARD.encode_to_string(format!("{user}:{password}"));
    let mut value = HeaderValue::from_maybe_shared(format!("Basic {encoded}"))
        .map_err(|error| ConfigError::with_source("the password of Webdis is not usable", error))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for WebdisStoreBuilder {
    /// Shows no URL, since it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebdisStoreBuilder")
            .field("max_connections", &self.max_connections)
            .field("prefix", &self.options.prefix)
            .field("command_timeout", &self.options.command_timeout)
            .field("tombstone_time", &self.options.tombstone_time)
            .finish_non_exhaustive()
    }
}
