//! The options of the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use http::HeaderValue;

use super::super::call::Calls;
use super::super::layout::Names;
use super::super::options::Options;
use super::http::Pool;
use super::link::Link;
use super::{Inner, WebdisStore, url};
use crate::error::ConfigError;

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
    options: Options,
}

impl WebdisStoreBuilder {
    pub(super) fn new(url: String) -> Self {
        Self { url, basic_auth: None, max_connections: 16, options: Options::default() }
    }

    /// The user and the password of Webdis's `http_basic_auth`, instead of those in the URL.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.basic_auth = Some((user.into(), password.into()));
        self
    }

    /// What all keys begin with. The default is `session:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.prefix = prefix.into();
        self
    }

    /// How long an operation may take, waiting for a connection included, before it fails; what it
    /// wrote by then is unknown. The default is 2 seconds. Reading or ending very many sessions of one
    /// principal takes several operations.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.options.command_timeout = timeout;
        self
    }

    /// How many connections there are at most. Each has one request in flight; more requests wait. The
    /// default is 16.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.options.tombstone_time = time;
        self
    }

    /// The store. Connects when the first session is asked for, and again whenever a connection was
    /// lost; so it does not matter whether Webdis runs already.
    ///
    /// # Errors
    ///
    /// If the URL is not valid, or an option is not.
    pub fn build(self) -> Result<WebdisStore, ConfigError> {
        self.options.check()?;
        // More than a semaphore counts.
        if !(1..=usize::from(u16::MAX)).contains(&self.max_connections) {
            return Err(ConfigError::new("`max_connections` is between 1 and 65535"));
        }
        let url::Server { host, port, basic_auth } = url::server(&self.url)?;
        let authorization =
            self.basic_auth.or(basic_auth).map(|it| authorization(&it)).transpose()?;
        let pool = Pool::new(host, port, authorization, self.max_connections);
        let Options { prefix, command_timeout, tombstone_time, .. } = self.options;
        Ok(WebdisStore(Arc::new(Inner {
            calls: Calls::new(Names::new(prefix), tombstone_time),
            link: Link { pool, timeout: command_timeout },
        })))
    }
}

fn authorization((user, password): &(String, String)) -> Result<HeaderValue, ConfigError> {
    if user.contains(':') {
        return Err(ConfigError::new("the user of Webdis has no colon"));
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
